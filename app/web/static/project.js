// Loading the project, and following what other tabs and the worker do to it.
import { get } from "./api.js";
import { clientName } from "./queue.js";
import { change, emit, on, state } from "./state.js";
import { forgetStrokes, refreshStrokes } from "./strokes.js";

const MANY = 8; // frames changed by others at once, beyond which the whole project is loaded
const changed = new Set();
const BEHIND_MS = 200;
const AGAIN_MS = 2000;
let timer = 0;
let again = 0;
let turns = 0;

/** Load the project; `seq` of the answer is where live events go on from. */
export async function loadProject() {
  const turn = (turns += 1);
  const project = await get("project");
  if (turn !== turns) return state.project; // a newer answer is on its way, or was here first
  if (project.seq < state.seq) setTimeout(resync, BEHIND_MS); // notices of meanwhile are not in it
  // `version` is this page's own: it tells a frame's newest prediction from the one before it
  for (const frame of project.frames) frame.version = state.frameById.get(frame.id)?.version;
  Object.assign(state, {
    project,
    frames: project.frames,
    frameById: new Map(project.frames.map((frame) => [frame.id, frame])),
    frameIndex: new Map(project.frames.map((frame, index) => [frame.id, index])),
    activeRound: project.active_round,
    canUndo: project.can_undo,
    canRedo: project.can_redo,
    worker: project.worker,
  });
  takeClasses(project.classes, project.deleted_classes);
  emit("project");
  emit("frames");
  emit("history");
  emit("overlay");
  return project;
}

/** Show another set of classes. */
export function takeClasses(classes, deleted) {
  state.classes = classes;
  if (deleted) state.deletedClasses = deleted;
  if (!classes.some((label) => label.id === state.classId)) state.classId = classes[0]?.id ?? null;
  emit("classes");
  emit("tool");
}

/** Load everything anew: after a loss of connection in which events were missed. */
async function resync() {
  try {
    await loadProject();
    await forgetStrokes();
  } catch (error) {
    if (!error.offline) throw error;
    clearTimeout(again);
    again = setTimeout(resync, AGAIN_MS);
  }
}

function strokesChanged({ frame, client }) {
  if (client === clientName()) return;
  change("history", { canUndo: true });
  changed.add(frame);
  clearTimeout(timer);
  timer = setTimeout(followStrokes, 30);
}

async function followStrokes() {
  const frames = [...changed];
  changed.clear();
  if (frames.length > MANY) return resync();
  try {
    await Promise.all(frames.map((frame) => refreshStrokes(frame)));
    if (frames.some((frame) => frame !== state.shown)) await recount();
  } catch (error) {
    if (!error.offline) throw error;
  }
}

/** Take the counts and states of frames that this tab does not show. */
async function recount() {
  const project = await get("project");
  for (const frame of project.frames) {
    Object.assign(state.frameById.get(frame.id) ?? {}, frame);
  }
  change("history", { canUndo: project.can_undo, canRedo: project.can_redo });
  emit("frames");
}

/** Follow the server's notices. */
export function followProject() {
  on("resync", resync);
  on("live:stroke", strokesChanged);
  on("live:class", resync);
  on("live:frames", resync);
  on("live:active", resync);
  on("live:worker", ({ alive }) => change("project", { worker: alive }));
}
