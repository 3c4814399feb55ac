// The keyboard. Keys act on the canvas only while it is in sight and nobody types.
import { look } from "./canvas.js";
import { chooseClassAt } from "./classes.js";
import { dialogOpen } from "./dialog.js";
import { toggleGhosts } from "./ghosts.js";
import { showKeys } from "./keysheet.js";
import { showFrame, step } from "./playhead.js";
import { giveUp, setPanning } from "./pointer.js";
import { change, prefer, prefs, state } from "./state.js";
import { askForRound } from "./roundstart.js";
import { endSwipe } from "./swipe.js";
import { setTool, stepBrush } from "./toolstrip.js";
import { train } from "./train.js";
import { redo, undo } from "./undo.js";
import { toggleViewer } from "./viewerdata.js";

const PLAIN = {
  b: () => setTool("brush"),
  e: () => setTool("eraser"),
  p: () => setTool("point"),
  i: () => setTool("ignore"),
  "[": () => stepBrush(-1),
  "]": () => stepBrush(1),
  f: () => look((view) => view.fit()),
  "+": () => look((view) => view.zoom(1.25)),
  "=": () => look((view) => view.zoom(1.25)),
  "-": () => look((view) => view.zoom(1 / 1.25)),
  o: () => prefer({ overlay: !prefs.overlay }),
  g: () => toggleGhosts(),
  h: () => change("hidden", { hidden: true }),
  t: (event) => (event.shiftKey ? askForRound() : train()),
  v: () => toggleViewer(),
  a: (event) => step(event.shiftKey ? -10 : -1),
  d: (event) => step(event.shiftKey ? 10 : 1),
  arrowleft: () => step(-1),
  arrowright: () => step(1),
  arrowup: () => step(-1),
  arrowdown: () => step(1),
  home: () => showFrame(state.frames[0]?.id),
  end: () => showFrame(state.frames.at(-1)?.id),
  " ": () => setPanning(true),
  escape: () => giveUp() || endSwipe(),
};

/** Listen to the keyboard. */
export function openKeys() {
  document.addEventListener("keydown", down);
  document.addEventListener("keyup", up);
  document.addEventListener("pointerdown", () => delete document.getElementById("studio").dataset.tabbing, true);
  window.addEventListener("blur", letGo);
}

function down(event) {
  if (event.key === "Tab") document.getElementById("studio").dataset.tabbing = "";
  if (dialogOpen() || typing(event.target)) return;
  if (event.key === "?") return act(event, showKeys);
  if (state.tab !== "annotate") return; // a hidden canvas hears no keys
  if (event.ctrlKey || event.metaKey) return withControl(event);
  if (event.altKey) return;
  if (/^Digit\d$/.test(event.code)) {
    const place = (Number(event.code.slice(5)) + 9) % 10;
    return act(event, () => chooseClassAt(place + (event.shiftKey ? 10 : 0)));
  }
  const run = PLAIN[event.key.toLowerCase()];
  if (!run || leftToControl(event)) return;
  if (event.repeat && ["g", "h", " ", "t", "o", "v"].includes(event.key.toLowerCase())) return event.preventDefault();
  act(event, run);
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "z") act(event, () => giveUp() || (event.shiftKey ? redo() : undo()));
  if (key === "y") act(event, redo);
}

function act(event, run) {
  event.preventDefault();
  run(event);
}

function up(event) {
  if (event.key === " ") setPanning(false);
  if (event.key.toLowerCase() === "h") change("hidden", { hidden: false });
}

function letGo() {
  setPanning(false);
  if (state.hidden) change("hidden", { hidden: false });
}

function typing(target) {
  return target.matches?.("input:not([type=range]):not([type=color]), textarea, select, [contenteditable]");
}

/** Space presses a focused button and arrows move a slider: those keys stay theirs. */
function leftToControl(event) {
  const slider = event.target.matches?.("input[type=range]") && event.key.startsWith("Arrow");
  const byKeyboard = "tabbing" in document.getElementById("studio").dataset;
  const pressed = byKeyboard && event.key === " " && event.target.matches?.("button, a, [role=option]");
  return slider || pressed;
}
