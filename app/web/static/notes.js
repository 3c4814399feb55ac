// What lies over the canvas: the overlay's age, and what to do on an empty frame.
import { button, fill, h, icon, write } from "./dom.js";
import { overlayKind, overlayRound, predictionAt } from "./overlay.js";
import { endSwipe } from "./swipe.js";
import { previewRound } from "./rounddata.js";
import { flatReason } from "./scenedata.js";
import { on, prefs, shownRound, state } from "./state.js";
import { strokesOf } from "./strokes.js";

const age = h("div", { class: "note age", hidden: true });
const legend = h("div", { class: "note over-legend", hidden: true });
const teach = h(
  "div",
  { class: "note teach-note", hidden: true },
  icon("brush"),
  h("span", {}, "Choose a class at the right (keys ", h("kbd", { text: "1" }), "–", h("kbd", { text: "9" }), ") and draw a stroke on each kind of thing. A few strokes are enough to ", h("b", { text: "train" }), "."),
);
const readout = h("div", { class: "note readout", hidden: true });
const LEGENDS = { depth: ["Depth", "far", "near"], reconstruction: ["Depth confidence", "unsure", "sure"] };
let asked = false;
let hover = null; // image coordinates under the cursor, null beside the stage
const blank = h("div", { class: "empty teach blank", hidden: true }, icon("image"), h("h3", { text: "No frames" }), h("p", { text: "This project has no images or video yet. Make one with frames: rewis3d new PROJECT --images DIR or --video FILE." }));

/** Return the notes. */
export function stageNotes() {
  on("shown overlay rounds project frame prefs scenes", showAge);
  on("shown scenes prefs", showLegend);
  on("shown strokes drawn frame project", showTeaching);
  on("hover", (xy) => ((hover = xy), read()));
  on("shown overlay", read);
  return h("div", { class: "stage-notes" }, age, legend, teach, blank, readout);
}

function showAge() {
  const round = state.shown === null ? null : overlayRound(state.shown);
  age.hidden = round === null || overlayKind() !== "prediction";
  if (age.hidden) return;
  const found = state.rounds.find((item) => item.number === round);
  const behind = found?.strokes_behind;
  const { swipe } = state;
  const preview = state.previewRound !== null || swipe;
  const name = preview ? `Preview of round ${round}` : `Round ${round}`;
  const text = swipe ? `Round ${swipe.left} and round ${swipe.right}` : `${name}${howRead(found)}${behind && !preview ? `, ${behind} ${behind === 1 ? "stroke" : "strokes"} behind` : ""}`;
  age.dataset.state = preview ? "preview" : behind ? "stale" : "fresh";
  const end = button({ label: "End", hint: "Show the active round again", kind: "quiet small", onclick: () => endSwipe() || previewRound(null) });
  fill(age, h("span", { class: `dot ${behind ? "stale" : "good"}` }), h("span", { text }), preview ? end : null);
}

/** Say how a round's labels were read off where it was not frame by frame. */
function howRead(round) {
  if (!round?.fused) return "";
  return round.fused === round.predicted ? " over time" : `, ${round.fused} of ${round.predicted} frames over time`;
}

function showLegend() {
  const kind = overlayKind();
  legend.hidden = kind === "prediction" || !prefs.overlay || state.shown === null;
  if (legend.hidden) return;
  legend.dataset.kind = kind;
  const flat = flatReason(state.shown);
  const [name, from, to] = LEGENDS[kind];
  if (flat) fill(legend, icon("info"), h("span", { text: `No depth. ${flat}` }));
  else fill(legend, h("b", { text: name }), h("span", { text: from }), h("span", { class: "over-ramp" }), h("span", { text: to }));
}

function showTeaching() {
  blank.hidden = !state.project || state.frames.length > 0;
  const anything = state.frames.some((frame) => frame.strokes);
  teach.hidden = state.shown === null || anything || strokesOf(state.shown).length > 0 || Boolean(shownRound());
}

/** Say which pixel is under the cursor, and what the prediction is there. */
async function read() {
  const frame = state.frameById.get(state.shown);
  readout.hidden = !frame || !hover || hover[0] < 0 || hover[1] < 0 || hover[0] >= frame.width || hover[1] >= frame.height;
  if (readout.hidden || asked) return;
  const [x, y] = hover;
  asked = true; // one question at a time: the answer for the newest place comes last
  const found = prefs.overlay && overlayKind() === "prediction" ? await predictionAt(frame.id, x, y) : null;
  asked = false;
  const where = `${Math.floor(x)}, ${Math.floor(y)}`;
  const sure = found?.confidence == null ? "" : ` ${Math.round(100 * found.confidence)} %`;
  write(readout, found ? `${where} · ${found.name}${sure}` : where);
  if (hover && (hover[0] !== x || hover[1] !== y)) read();
}
