// Undo and redo: steps of the server's op log, over frames, reloads and restarts.
import { post } from "./api.js";
import { showFrame } from "./playhead.js";
import { clientName, drained } from "./queue.js";
import { change, emit, on, state } from "./state.js";
import { refreshStrokes } from "./strokes.js";

let chain = Promise.resolve();

/** Take the last step back, once the strokes on their way are saved. */
export const undo = () => enqueue("undo");
/** Do again what was undone last. */
export const redo = () => enqueue("redo");

/** Return why undo or redo can't be used now, or an empty string. */
export function whyNot(kind) {
  if (state.online === false) return "Undo and redo need the server, which is away";
  if (kind === "undo") return state.canUndo || state.waiting ? "" : "Nothing to undo";
  return state.canRedo && !state.waiting ? "" : "Nothing to redo";
}

/** Resolve when every step that was asked for is done. */
export function undoSettled() {
  return chain;
}

function enqueue(kind) {
  const reason = whyNot(kind);
  if (reason) return emit("note", reason);
  chain = chain.then(() => take(kind));
  return chain;
}

async function take(kind) {
  await drained();
  try {
    const answer = await post(kind, { client: clientName() });
    change("history", { canUndo: answer.can_undo, canRedo: answer.can_redo });
    await Promise.all(answer.frames.map((frame) => refreshStrokes(frame)));
    const elsewhere = answer.frames.length && !answer.frames.includes(state.selected);
    if (elsewhere) await showFrame(answer.frames[0]);
    emit("labels-changed");
  } catch (error) {
    if (error.status === 409) change("history", { [kind === "undo" ? "canUndo" : "canRedo"]: false });
    else emit("trouble", `The ${kind} failed: ${error.message}.`);
  }
}

/** Follow what can be undone. */
export function openUndo() {
  on("acknowledged", () => change("history", { canUndo: true, canRedo: false }));
}
