// What lies over the canvas: the overlay's age, and what to do on an empty frame.
import { button, fill, h, icon } from "./dom.js";
import { overlayRound } from "./overlay.js";
import { previewRound } from "./rounddata.js";
import { on, shownRound, state } from "./state.js";
import { strokesOf } from "./strokes.js";

const age = h("div", { class: "note age", hidden: true });
const teach = h(
  "div",
  { class: "note teach-note", hidden: true },
  icon("brush"),
  h("span", {}, "Choose a class at the right (keys ", h("kbd", { text: "1" }), "–", h("kbd", { text: "9" }), ") and draw a stroke on each kind of thing. A few strokes are enough to ", h("b", { text: "train" }), "."),
);
const blank = h("div", { class: "empty teach blank", hidden: true }, icon("image"), h("h3", { text: "No frames" }), h("p", { text: "This project has no images or video yet. Make one with frames: rewis3d new PROJECT --images DIR or --video FILE." }));

/** Return the notes. */
export function stageNotes() {
  on("shown overlay rounds project frame prefs", showAge);
  on("shown strokes drawn frame project", showTeaching);
  return h("div", { class: "stage-notes" }, age, teach, blank);
}

function showAge() {
  const round = state.shown === null ? null : overlayRound(state.shown);
  age.hidden = round === null;
  if (round === null) return;
  const found = state.rounds.find((item) => item.number === round);
  const behind = found?.strokes_behind;
  const preview = state.previewRound !== null;
  const text = preview ? `Preview of round ${round}` : behind ? `Round ${round}, ${behind} ${behind === 1 ? "stroke" : "strokes"} behind` : `Round ${round}`;
  age.dataset.state = preview ? "preview" : behind ? "stale" : "fresh";
  const end = button({ label: "End", hint: "Show the active round again", kind: "quiet small", onclick: () => previewRound(null) });
  fill(age, h("span", { class: `dot ${behind ? "stale" : "good"}` }), h("span", { text }), preview ? end : null);
}

function showTeaching() {
  blank.hidden = !state.project || state.frames.length > 0;
  const anything = state.frames.some((frame) => frame.strokes);
  teach.hidden = state.shown === null || anything || strokesOf(state.shown).length > 0 || Boolean(shownRound());
}
