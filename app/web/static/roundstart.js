// What a full round does, how long it takes and which kinds can run here, before it is started.
import { get } from "./api.js";
import { dialogOpen, showDialog } from "./dialog.js";
import { button, disable, h, write } from "./dom.js";
import { KINDS } from "./kinds.js";
import { startRound, whyNotTrainFull } from "./rounddata.js";
import { runningScene, usedScene } from "./scenedata.js";
import { emit, on, state } from "./state.js";
import { duration } from "./train.js";

const SECONDS_A_FRAME = 0.6; // beside the training itself: features, judging, predicting
let opening = false;

/** Ask how to train, and start. */
export async function askForRound() {
  const why = whyNotTrainFull();
  if (why) return emit("note", why);
  if (opening || dialogOpen()) return;
  opening = true;
  try {
    const { presets } = await get("rounds/presets");
    const order = Object.keys(KINDS);
    openDialog(presets.filter(({ name }) => name !== "quick").sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)));
  } catch (error) {
    emit("trouble", `The kinds of rounds can’t be listed: ${error.message}.`);
  } finally {
    opening = false;
  }
}

function openDialog(presets) {
  const kinds = h("fieldset", { class: "kinds" }, h("legend", { text: "How" }), presets.map(choice));
  const minutes = h("input", { class: "field", type: "number", min: "0.1", max: "10000", step: "any", "aria-label": "Minutes of training" });
  const better = h("input", { type: "checkbox", checked: true });
  const flat = h("input", { type: "checkbox" });
  const [about, cost] = [h("p", { class: "hint" }), h("p", { class: "scene-cost" })];
  const chosen = () => presets.find(({ name }) => name === kinds.querySelector(":checked")?.value);
  const fields = { chosen, minutes, better, flat };
  const go = button({ icon: "play", label: "Train", hint: "Start now", kind: "primary", onclick: () => begin(dialog, fields) });
  const tell = () => {
    write(about, sceneLine(flat.checked));
    write(cost, costLine(fields));
    disable(go, whyNotTrainFull());
  };
  kinds.addEventListener("change", () => (offerMinutes(minutes, chosen()), tell()));
  for (const field of [minutes, flat]) field.addEventListener("input", tell);
  offerMinutes(minutes, chosen());
  const dialog = showDialog({
    title: "Train a full round",
    kind: "full-round",
    body: h(
      "div",
      { class: "stack" },
      h("p", { text: "Learns in 2D and 3D: a network for images and one for the points of the scene teach each other, also where nobody drew. It works in the background: go on drawing, train quick rounds, close the tab." }),
      kinds,
      h("label", { class: "labelled minutes" }, h("span", { text: "Minutes of training" }), minutes),
      about,
      h("label", { class: "ticked" }, better, h("span", {}, "Use it if it does better on held-out strokes", h("span", { class: "hint", text: betterLine() }))),
      h("details", { class: "settings" }, h("summary", { text: "Advanced" }), h("label", { class: "ticked" }, flat, h("span", {}, "Learn in 2D alone", h("span", { class: "hint", text: "Needs no scene, and learns less." })))),
      cost,
    ),
    actions: [button({ label: "Not now", hint: "Close", onclick: () => dialog.close() }), go],
  });
  dialog.addEventListener("close", on("scenes rounds connection frames worker project", tell));
  tell();
}

function choice({ name, ready, found, hint }) {
  const { title, text } = KINDS[name] ?? { title: name, text: "" };
  const radio = h("input", { type: "radio", name: "kind", value: name, disabled: !ready, checked: ready && name === "cpu" });
  const below = ready ? h("span", { class: "hint", text }) : h("span", { class: "kind-missing" }, `Not here: ${found}. `, hint ? h("code", { text: hint }) : null);
  return h("label", { class: `kind ${ready ? "" : "absent"}`, title: text }, radio, h("span", {}, h("b", { text: title }), below));
}

function offerMinutes(field, kind) {
  field.value = kind?.minutes ?? "";
  field.placeholder = kind?.epochs ? `${kind.epochs} passes over the frames with strokes` : "";
}

function sceneLine(flat) {
  if (flat) return "No scene takes part.";
  const [used, running] = [usedScene(), runningScene()];
  if (used && !used.report.frames.registered) return `Scene ${used.number} has no geometry: the round learns in 2D alone.`;
  if (used) return `Learns with scene ${used.number}: depth in ${used.report.frames.registered} of ${used.report.frames.total} frames.`;
  if (running) return `Waits for scene ${running.number}, which is being made.`;
  return `There is no scene yet: one is made first, in about ${duration(state.sceneSeconds)}.`;
}

function betterLine() {
  const active = state.activeRound;
  return active === null ? "The first round is used in any case." : `Both are judged on the same pixels. Else round ${active} stays, and you decide.`;
}

function costLine({ minutes, flat }) {
  const trains = 60 * Number(minutes.value);
  const frames = state.frames.length;
  const first = usedScene() || flat.checked ? 0 : state.sceneSeconds;
  if (!trains) return "How long that takes depends on the GPU: hours, with the paper’s lengths.";
  return `About ${duration(trains + SECONDS_A_FRAME * frames + first)} for ${frames} ${frames === 1 ? "frame" : "frames"}, all in all.`;
}

async function begin(dialog, { chosen, minutes, better, flat }) {
  if (!minutes.checkValidity()) return minutes.reportValidity();
  const { name, minutes: usual } = chosen();
  const settings = {};
  if (minutes.value && Number(minutes.value) !== usual) settings.minutes = minutes.value;
  if (flat.checked) settings.branches = "2d";
  dialog.close();
  await startRound(name, { settings, useIfBetter: better.checked });
}
