// The Export tab: labels, strokes and the model as files, and what was exported before.
import { address, get, post } from "./api.js";
import { button, disable, fill, h, icon, oncePerPaint, write } from "./dom.js";
import { saved } from "./queue.js";
import { ENDED } from "./rounddata.js";
import { emit, on, state } from "./state.js";
import { when } from "./rounds.js";

const KINDS = [
  {
    what: "labels",
    icon: "image",
    title: "Labels",
    text: "One PNG of class ids per frame, with a palette: your strokes over the active round’s prediction, 255 where neither says anything.",
    formats: [["png", "PNG class ids and palette"]],
  },
  {
    what: "strokes",
    icon: "brush",
    title: "Strokes",
    text: "Every stroke as vectors in JSON, with its class, width and author. Can be imported again.",
    formats: [["json", "JSON"]],
  },
  {
    what: "model",
    icon: "cube",
    title: "Model",
    text: "The trained network, to run without this studio: weights, classes, model card and a short script.",
    formats: [
      ["onnx", "ONNX with a script that runs it"],
      ["huggingface", "Folder with safetensors and model card"],
    ],
    needsRound: true,
  },
];
const FORMATS = { png: "PNG", json: "JSON", onnx: "ONNX", huggingface: "safetensors" };
const rows = new Map(); // run id -> its row
const list = h("div", { class: "export-list" });
const empty = h(
  "div",
  { class: "empty teach" },
  icon("download"),
  h("h3", { text: "Nothing exported yet" }),
  h("p", { text: "What you export is made in the background, kept in the project folder, and can be downloaded from here at any time." }),
);
let runs = [];
let timer = 0;

/** Return the view. */
export function exportsView() {
  on("tab", () => state.tab === "exports" && load());
  on("export-run live:worker", () => soon());
  return h(
    "section",
    { class: "view exports-view", role: "tabpanel", "aria-labelledby": "tab-exports" },
    h("div", { class: "export-cards" }, KINDS.map(card)),
    h("div", { class: "panel export-panel" }, h("header", { class: "panel-head" }, h("h2", { text: "Exports" })), list, empty),
  );
}

function card(kind) {
  const format = h("select", { class: "field", "aria-label": `Format of the ${kind.what}` }, kind.formats.map(([id, label]) => h("option", { value: id, text: label })));
  const round = kind.needsRound ? h("select", { class: "field", "aria-label": "Round" }) : null;
  const reason = h("p", { class: "hint" });
  const start = button({ icon: "download", label: `Export ${kind.what}`, hint: `Export ${kind.what}`, kind: "primary", onclick: () => begin(kind.what, format.value, round) });
  const show = () => {
    if (round) offerRounds(round);
    const why = whyNot(kind, round);
    disable(start, why);
    write(reason, why);
  };
  on("project rounds frame frames connection", show);
  show();
  const fields = [h("label", { class: "labelled" }, h("span", { text: "Format" }), format)];
  if (round) fields.push(h("label", { class: "labelled" }, h("span", { text: "Round" }), round));
  return h(
    "article",
    { class: "panel export-card" },
    h("header", {}, icon(kind.icon), h("h2", { text: kind.title })),
    h("p", { class: "card-text", text: kind.text }),
    h("div", { class: "card-fields" }, fields),
    h("div", { class: "card-end" }, start, reason),
  );
}

function offerRounds(select) {
  const done = state.rounds.filter((round) => round.state === "done");
  const key = done.map((round) => round.number).join() + state.activeRound;
  if (select.dataset.key === key) return;
  const before = select.value;
  select.dataset.key = key;
  fill(select, done.map((round) => h("option", { value: round.number, text: `Round ${round.number}${round.number === state.activeRound ? " (active)" : ""}` })));
  select.value = done.some((round) => String(round.number) === before) ? before : String(state.activeRound ?? done[0]?.number ?? "");
  if (!done.length) fill(select, h("option", { value: "", text: "No round yet" }));
  select.disabled = !done.length;
}

function whyNot(kind, round) {
  if (state.online === false) return "The server is away.";
  if (kind.needsRound) return round.value ? "" : "Train a round first: there is no model yet.";
  return state.frames.some((frame) => frame.strokes) ? "" : "Draw strokes first: there is nothing to export yet.";
}

async function begin(what, format, round) {
  try {
    await saved(); // what was just drawn is part of it
    await post("exports", { what, format, round: round ? Number(round.value) : null });
    await load();
  } catch (error) {
    emit("trouble", `Not exported: ${error.message}.`);
  }
}

async function load() {
  try {
    const answer = await get("exports");
    runs = answer.exports ?? answer.runs ?? [];
  } catch (error) {
    if (!error.offline) emit("trouble", `The exports can't be listed: ${error.message}.`);
  }
  draw();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(load, 80);
}

const draw = oncePerPaint(() => {
  const ids = new Set(runs.map((run) => run.run));
  for (const [id, row] of rows) if (!ids.has(id)) (row.element.remove(), rows.delete(id));
  runs.forEach((run, place) => {
    if (!rows.has(run.run)) rows.set(run.run, makeRow(run.run));
    const row = rows.get(run.run);
    if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    showRow(row, run);
  });
  list.hidden = !runs.length;
  empty.hidden = runs.length > 0;
});

function makeRow(id) {
  const row = {
    title: h("span", { class: "export-title" }),
    note: h("span", { class: "export-note" }),
    bar: h("div", { class: "bar", role: "progressbar", "aria-label": "Progress of the export" }, h("span", {})),
    download: h("a", { class: "button", href: address(`exports/${id}/download`), download: "" }, icon("download"), h("span", { class: "label", text: "Download" })),
  };
  row.element = h("div", { class: "export-row" }, h("div", { class: "export-text" }, row.title, row.note), row.bar, row.download);
  row.element.dataset.run = id;
  return row;
}

function showRow(row, run) {
  const done = run.state === "done";
  row.element.dataset.state = run.state;
  const kind = KINDS.find((item) => item.what === run.what);
  write(row.title, `${kind?.title ?? run.what} · ${FORMATS[run.format] ?? run.format}${run.round ? ` · round ${run.round}` : ""}`);
  write(row.note, done ? when(run.created_at) + size(run.bytes) : (run.error ?? (ENDED.includes(run.state) ? run.state : run.stage || "Waiting for a worker")));
  row.bar.hidden = ENDED.includes(run.state);
  row.bar.firstChild.style.transform = `scaleX(${run.total ? run.done / run.total : 0})`;
  row.bar.classList.toggle("waiting", !run.total);
  row.download.hidden = !done;
}

function size(bytes) {
  if (!bytes) return "";
  return bytes < 1e6 ? ` · ${Math.ceil(bytes / 1e3)} kB` : ` · ${(bytes / 1e6).toFixed(1)} MB`;
}
