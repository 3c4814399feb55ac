// Undo and redo: steps of the server's op log, over frames, reloads and restarts. They wait their turn
// among the strokes; what they do to strokes that wait themselves is shown at once.
import { ApiError } from "./api.js";
import { gesturesAfter } from "./foretell.js";
import { showFrame } from "./playhead.js";
import { push, waiting } from "./queue.js";
import { uuid } from "./shelf.js";
import { change, emit, on, state } from "./state.js";
import { hasStrokes, recounted, refreshFrames, strokesOf } from "./strokes.js";

const placed = new Map(); // uuid of a step -> `moves` when it was asked for
let moves = 0; // how often the person went to another frame
let jumping = false;
let settled = Promise.resolve();

/** Take the last step back. */
export const undo = () => enqueue("undo");
/** Do again what was undone last. */
export const redo = () => enqueue("redo");

/** Return why undo or redo can't be used now, or an empty string. */
export function whyNot(kind) {
  const gestures = gesturesAfter(waiting());
  if (gestures[kind].at(-1)) return "";
  if (state.online === false) return "Undo and redo need the server, which is away";
  const known = kind === "undo" ? state.canUndo : state.canRedo && !gestures.endsRedo;
  return gestures[kind].length || known ? "" : `Nothing to ${kind}`;
}

/** Resolve when what came of every step that the server has answered is shown. */
export function undoSettled() {
  return settled;
}

/** Return why the shown frame can't be cleared, or an empty string. */
export function whyNotClear() {
  if (state.shown === null) return "No frame is shown";
  if (strokesOf(state.shown).length) return "";
  return hasStrokes(state.shown) ? "This frame has no strokes" : "The strokes of this frame are not here yet";
}

/** Take all strokes of the shown frame away, as one step. */
export function clearFrame() {
  const reason = whyNotClear();
  if (reason) return emit("note", reason);
  const uuids = strokesOf(state.shown).map((stroke) => stroke.uuid);
  push({ kind: "remove", uuid: uuid(), frame: state.shown, uuids });
  recounted(state.shown);
  emit("note", `${uuids.length} ${uuids.length === 1 ? "stroke" : "strokes"} cleared. Undo brings ${uuids.length === 1 ? "it" : "them"} back.`);
}

function enqueue(kind) {
  const reason = whyNot(kind);
  if (reason) return emit("note", reason);
  const step = { kind, uuid: uuid(), of: gesturesAfter(waiting())[kind].at(-1) ?? null };
  placed.set(step.uuid, moves);
  push(step);
  if (!step.of) return;
  recounted(step.of.frame);
  jump(step.of.frame);
}

function jump(frameId) {
  if (frameId === state.selected) return;
  jumping = true; // not the person's own move
  const shown = showFrame(frameId);
  jumping = false;
  return shown;
}

function applied({ op, answer }) {
  if (op.kind === "remove") change("history", { canUndo: true, canRedo: false });
  else change("history", { canUndo: answer.can_undo, canRedo: answer.can_redo });
  const frames = op.kind === "remove" ? [op.frame] : answer.frames;
  // Who has gone to another frame meanwhile stays there.
  const follow = !op.of && op.kind !== "remove" && placed.get(op.uuid) === moves && frames.length && !frames.includes(state.selected);
  placed.delete(op.uuid);
  settle(frames, follow ? frames[0] : null);
}

function refused({ op, reason, status }) {
  if (op.kind === "remove") emit("trouble", `Strokes not removed: ${reason}.`);
  else {
    if (status === 409) change("history", { [op.kind === "undo" ? "canUndo" : "canRedo"]: false });
    emit(status === 409 ? "note" : "trouble", `The ${op.kind} was not done: ${reason}.`);
  }
  settle([op.frame ?? op.of?.frame].filter(Boolean), null);
}

function settle(frames, next) {
  settled = settled.then(async () => {
    try {
      await refreshFrames(frames);
      if (next !== null) await jump(next);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!error.offline) emit("trouble", `The strokes can't be loaded: ${error.message}.`);
    }
    emit("labels-changed");
  });
}

/** Follow what can be undone. */
export function openUndo() {
  on("acknowledged", () => change("history", { canUndo: true, canRedo: false }));
  on("applied", applied);
  on("step-refused", refused);
  on("selected", () => (moves += jumping ? 0 : 1));
}
