// The list of frames at the left: only the rows in sight exist.
import { patch, picture } from "./api.js";
import { disable, button, fill, h, icon, oncePerPaint, write } from "./dom.js";
import { gainedBy } from "./ghostdata.js";
import { showFrame } from "./playhead.js";
import { flatReason } from "./scenedata.js";
import { change, emit, on, prefer, prefs, shownRound, state } from "./state.js";

const WIDE = matchMedia("(min-width: 2000px)");
const SPARE = 4;
const SETTLED_MS = 40; // rows that only fly past load no picture
const FILTERS = {
  all: ["All", () => true],
  labelled: ["With strokes", (frame) => frame.strokes > 0],
  unlabelled: ["No strokes", (frame) => !frame.strokes],
  unpredicted: ["Not predicted", (frame) => frame.predicted === null],
  reserved: ["Reserved", (frame) => frame.reserved],
};
const rows = new Map(); // frame id -> its row
const spacer = h("div", { class: "frame-spacer" });
const list = h("div", { class: "frame-list", role: "listbox", tabIndex: 0, "aria-label": "Frames" }, spacer);
const count = h("span", { class: "count" });
const search = h("input", { class: "field", type: "search", placeholder: "Find", "aria-label": "Find a frame by number or name" });
const filter = h("select", { class: "field", "aria-label": "Which frames are listed" });
const empty = h("div", { class: "empty small", hidden: true });
let listed = [];

/** Return the panel. */
export function frameList() {
  for (const [id, [label]] of Object.entries(FILTERS)) filter.append(h("option", { value: id, text: label }));
  filter.value = prefs.filter in FILTERS ? prefs.filter : "all";
  filter.addEventListener("change", () => prefer({ filter: filter.value }));
  search.addEventListener("input", relist);
  list.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(list);
  WIDE.addEventListener("change", relist);
  on("frames", relist);
  on("prefs", (fields) => "filter" in fields && relist());
  on("frame rounds scenes gains", draw);
  on("selected", () => (reveal(), draw()));
  return h(
    "aside",
    { class: "panel frames" },
    h("header", { class: "panel-head" }, h("h2", { text: "Frames" }), count),
    h("div", { class: "frame-tools" }, search, filter),
    list,
    empty,
  );
}

/** Return the height of a row, as frames.css has it. */
function rowHeight() {
  return WIDE.matches ? 80 : 60;
}

function relist() {
  const [, wanted] = FILTERS[filter.value];
  const text = search.value.trim().toLowerCase();
  listed = state.frames.filter((frame) => wanted(frame) && (!text || matches(frame, text)));
  spacer.style.height = `${listed.length * rowHeight()}px`;
  const all = state.frames.length;
  write(count, listed.length === all ? `${all}` : `${listed.length} of ${all}`);
  empty.hidden = listed.length > 0;
  write(empty, all ? "No frame matches. Choose another filter." : "This project has no frames.");
  reveal();
  draw();
}

function matches(frame, text) {
  return String(state.frameIndex.get(frame.id) + 1) === text || frame.name.toLowerCase().includes(text);
}

function reveal() {
  const place = listed.findIndex((frame) => frame.id === state.selected);
  if (place < 0 || !list.clientHeight) return;
  const [top, bottom] = [place * rowHeight(), (place + 1) * rowHeight()];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

const draw = oncePerPaint(() => {
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight()) - SPARE);
  const last = Math.ceil((list.scrollTop + list.clientHeight) / rowHeight()) + SPARE;
  const inSight = listed.slice(first, last);
  const ids = new Set(inSight.map((frame) => frame.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    clearTimeout(row.timer);
    row.image.removeAttribute("src"); // what is still loading of it is not wanted any more
    row.element.remove();
    rows.delete(id);
  }
  inSight.forEach((frame, index) => show(frame, first + index));
});

function show(frame, place) {
  if (!rows.has(frame.id)) rows.set(frame.id, makeRow(frame.id));
  const row = rows.get(frame.id);
  const chosen = frame.id === state.selected;
  row.element.style.transform = `translateY(${place * rowHeight()}px)`;
  row.element.setAttribute("aria-selected", String(chosen));
  if (chosen) list.setAttribute("aria-activedescendant", row.element.id);
  write(row.number, String(state.frameIndex.get(frame.id) + 1));
  write(row.time, frame.timestamp === null ? frame.name : clock(frame.timestamp));
  write(row.strokes, frame.strokes ? String(frame.strokes) : "");
  row.element.classList.toggle("has-strokes", frame.strokes > 0);
  row.element.classList.toggle("reserved", frame.reserved);
  showGain(row, gainedBy(frame.id));
  row.flat.title = flatReason(frame.id);
  row.element.classList.toggle("flat", row.flat.title !== "");
  row.element.dataset.prediction = predictionState(frame);
  row.prediction.title = PREDICTION[row.element.dataset.prediction];
}

function showGain(row, cells) {
  row.element.classList.toggle("gained", cells > 0);
  row.gained.title = `${cells} cells gained from strokes of other frames`;
  write(row.gained, cells < 1000 ? String(cells) : `${(cells / 1000).toFixed(cells < 9950 ? 1 : 0)} k`);
}

const PREDICTION = {
  none: "Not predicted yet",
  fresh: "Predicted by the active round, which knows every stroke",
  stale: "Predicted before the newest strokes",
};

function predictionState(frame) {
  if (frame.predicted === null) return "none";
  return shownRound()?.strokes_behind ? "stale" : "fresh";
}

function makeRow(frameId) {
  const row = {
    number: h("span", { class: "frame-number" }),
    time: h("bdi", {}),
    strokes: h("span", { class: "frame-strokes" }),
    gained: h("span", { class: "badge-gained" }),
    flat: h("span", { class: "badge-flat", text: "2D" }),
    prediction: h("span", { class: "frame-prediction" }),
  };
  row.image = h("img", { class: "frame-picture", alt: "", decoding: "async", draggable: false });
  row.timer = setTimeout(() => (row.image.src = picture(frameId, "thumbnail")), SETTLED_MS);
  row.element = h(
    "div",
    { class: "frame-row", role: "option", id: `frame-${frameId}`, onclick: () => showFrame(frameId) },
    h("span", { class: "frame-thumb" }, row.image),
    h("span", { class: "frame-text" }, row.number, h("span", { class: "frame-time" }, row.time)),
    h(
      "span",
      { class: "frame-badges" },
      h("span", { class: "frame-labels" }, h("span", { class: "badge-strokes", title: "Strokes on this frame" }, icon("brush"), row.strokes), row.gained),
      h("span", { class: "badge-reserved", title: "Reserved for evaluation: never trained on" }, icon("lock")),
      row.flat,
      row.prediction,
    ),
  );
  list.append(row.element);
  return row;
}

/** Return seconds as m:ss.d. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

/** Return the button that keeps the shown frame for evaluation. */
export function reserveButton() {
  const element = button({ icon: "lock", label: "Reserve", hint: "", kind: "quiet reserve", onclick: reserve });
  on("frames frame shown connection", () => {
    const frame = state.frameById.get(state.shown);
    const kept = Boolean(frame?.reserved);
    element.setAttribute("aria-pressed", String(kept));
    fill(element.querySelector(".label"), kept ? "Reserved" : "Reserve");
    element.dataset.hint = kept
      ? "Kept for evaluation only. Click to train on this frame again."
      : "Keep this frame for evaluation: its strokes are never trained on";
    disable(element, !frame ? "No frame is shown" : state.online === false ? "The server is away" : "");
  });
  return element;
}

async function reserve() {
  const frame = state.frameById.get(state.shown);
  try {
    await patch(`frames/${frame.id}`, { reserved: !frame.reserved });
    frame.reserved = !frame.reserved;
    emit("frame", frame.id);
    change("labels-changed", {});
  } catch (error) {
    emit("trouble", `Frame not reserved: ${error.message}.`);
  }
}
