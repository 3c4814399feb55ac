// The strokes of each frame: what the server has, and what is still on its way there.
import { get } from "./api.js";
import { goneAfter, takesAway } from "./foretell.js";
import { pending, waiting } from "./queue.js";
import { emit, on, state } from "./state.js";

const cache = new Map(); // frame id -> {revision, strokes}
const fresh = new Map(); // frame id -> [{stroke, revision}]: acknowledged after the cached answer
const away = new Map(); // uuid -> {frame, revision}: taken away after the cached answer
const stale = new Set(); // frames whose cached strokes are known to be old
const loading = new Map();
const MANY = 8; // frames changed at once, beyond which the whole project is loaded

/** Return a frame's strokes in painting order; empty where they have not been loaded. */
export function strokesOf(frameId) {
  const seen = goneAfter(waiting(), away.keys());
  const known = cache.get(frameId)?.strokes ?? [];
  const added = (fresh.get(frameId) ?? []).map((entry) => entry.stroke);
  return [...known, ...added, ...pending(frameId)].filter((stroke) => {
    if (seen.has(stroke.uuid)) return false;
    seen.add(stroke.uuid);
    return true;
  });
}

/** Return whether a frame's strokes are here. */
export function hasStrokes(frameId) {
  return cache.has(frameId);
}

/** Have a frame's strokes loaded. */
export function loadStrokes(frameId) {
  if (cache.has(frameId)) return Promise.resolve();
  if (!loading.has(frameId)) loading.set(frameId, fetchStrokes(frameId));
  return loading.get(frameId);
}

/** Load a frame's strokes anew; what is shown stays until they are here. */
export function reloadStrokes(frameId) {
  const again = fetchStrokes(frameId);
  loading.set(frameId, again);
  return again;
}

async function fetchStrokes(frameId) {
  try {
    const answer = await get(`frames/${frameId}/strokes`);
    if ((cache.get(frameId)?.revision ?? -1) <= answer.revision) accept(frameId, answer);
  } finally {
    loading.delete(frameId);
  }
}

function accept(frameId, answer) {
  cache.set(frameId, answer);
  const later = (fresh.get(frameId) ?? []).filter((entry) => entry.revision > answer.revision);
  fresh.set(frameId, later);
  for (const [uuid, { frame, revision }] of away) if (frame === frameId && revision <= answer.revision) away.delete(uuid);
  stale.delete(frameId);
  count(frameId);
  emit("strokes", { frame: frameId });
}

/** Forget all frames' strokes but those of the shown one, which are loaded anew. */
export async function forgetStrokes() {
  for (const frameId of [...cache.keys()]) if (frameId !== state.shown) cache.delete(frameId);
  if (state.shown !== null) await reloadStrokes(state.shown);
}

/** Forget one frame's strokes where it is not shown; load them anew where it is. */
export async function refreshStrokes(frameId) {
  if (cache.has(frameId)) await reloadStrokes(frameId);
}

/** Load strokes that a step has changed anew, now or when the server is back. */
export async function refreshFrames(frameIds) {
  if (frameIds.length > MANY) return emit("resync");
  frameIds.forEach((frameId) => stale.add(frameId));
  await Promise.all(frameIds.map(reloadStrokes));
}

/** Show and count a frame's strokes again: what waits has changed. */
export function recounted(frameId) {
  if (cache.has(frameId)) count(frameId);
  emit("strokes", { frame: frameId });
}

function count(frameId) {
  const frame = state.frameById.get(frameId);
  const strokes = strokesOf(frameId).length;
  if (!frame || frame.strokes === strokes) return;
  frame.strokes = strokes;
  emit("frame", frameId);
}

/** Count a stroke that was just drawn. */
export function counted(frameId) {
  if (cache.has(frameId)) return count(frameId);
  const frame = state.frameById.get(frameId);
  if (frame) frame.strokes += 1;
  emit("frame", frameId);
}

on("acknowledged", ({ stroke, revision }) => {
  const list = fresh.get(stroke.frame) ?? [];
  list.push({ stroke, revision });
  fresh.set(stroke.frame, list);
});

on("applied", ({ op, answer }) => {
  const goes = op.kind === "remove" || (op.of && takesAway(op));
  for (const uuid of op.uuids ?? op.of?.uuids ?? []) {
    if (goes) away.set(uuid, { frame: op.frame ?? op.of.frame, revision: answer.revision });
    else away.delete(uuid);
  }
});

on("withdrawn", (frameId) => {
  const frame = state.frameById.get(frameId);
  if (frame && !cache.has(frameId)) frame.strokes -= 1;
  recounted(frameId);
});

on("connection", () => state.online && stale.size && refreshFrames([...stale]).catch(() => {})); // stays stale

/** Return a path with the vertices left out that lie within `tolerance` of it (Douglas-Peucker). */
export function simplify(path, tolerance) {
  if (path.length < 3) return path;
  const keep = new Uint8Array(path.length);
  keep[0] = keep[path.length - 1] = 1;
  const open = [[0, path.length - 1]];
  while (open.length) {
    const [from, to] = open.pop();
    const { index, distance } = farthest(path, from, to);
    if (distance <= tolerance) continue;
    keep[index] = 1;
    open.push([from, index], [index, to]);
  }
  return path.filter((_, index) => keep[index]);
}

function farthest(path, from, to) {
  let best = { index: from, distance: 0 };
  for (let index = from + 1; index < to; index += 1) {
    const distance = distanceToSegment(path[index], path[from], path[to]);
    if (distance > best.distance) best = { index, distance };
  }
  return best;
}

function distanceToSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
