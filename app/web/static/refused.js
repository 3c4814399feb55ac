// Strokes that the server refused: parked in this browser until they are sent again or given up.
import { push } from "./queue.js";
import { keep } from "./shelf.js";
import { on } from "./state.js";
import { counted, recounted } from "./strokes.js";
import { toast } from "./toasts.js";

const parked = new Map(); // uuid -> {stroke, reason}
const shown = new Map(); // reason -> its notice
let prefix = "";

/** Show what earlier pages of this project parked, and park what is refused from now on. */
export function openRefused(projectKey) {
  prefix = `rewis3d:refused:${projectKey}:`;
  for (const key of Object.keys(localStorage).filter((each) => each.startsWith(prefix)).sort()) {
    const left = JSON.parse(localStorage.getItem(key));
    parked.set(left.stroke.uuid, left);
  }
  new Set([...parked.values()].map(({ reason }) => reason)).forEach(tell);
  on("refused", park);
}

function park(left) {
  parked.set(left.stroke.uuid, left);
  keep(prefix + left.stroke.uuid, left);
  tell(left.reason);
}

/** One notice for all strokes that were refused for the same reason. */
function tell(reason) {
  const strokes = [...parked.values()].filter((left) => left.reason === reason).map((left) => left.stroke);
  const text = strokes.length === 1 ? "A stroke was refused and taken off" : `${strokes.length} strokes were refused and taken off`;
  shown.get(reason)?.remove();
  const action = { label: "Send again", run: () => strokes.forEach(sendAgain) };
  shown.set(reason, toast(`${text}: ${reason}`, { kind: "error", lasting: true, action, dismissed: () => strokes.forEach(leave) }));
}

function sendAgain(stroke) {
  push(stroke); // waits in the queue's own store before it leaves this one
  leave(stroke);
  counted(stroke.frame);
  recounted(stroke.frame);
}

function leave({ uuid }) {
  parked.delete(uuid);
  localStorage.removeItem(prefix + uuid);
}
