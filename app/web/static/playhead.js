// Which frame is shown. Image, strokes and overlay change together, when all are here.
import { ApiError } from "./api.js";
import { imageOf } from "./images.js";
import { overlayKind, overlayOf, overlayRound } from "./overlay.js";
import { change, emit, on, state } from "./state.js";
import { hasStrokes, loadStrokes } from "./strokes.js";

const AHEAD = 3;
const OVERLAY_WAIT_MS = 70; // a slow overlay comes after its frame
const RETRY_MS = 1000; // after a frame that could not be loaded; longer each time
const LONGEST_RETRY_MS = 30000;
let turn = 0;
let settled = Promise.resolve();
let direction = 1;
let failed = null; // the frame that is asked for but could not be loaded
let retryTimer = 0;
let retryDelay = RETRY_MS;

/** Show a frame. The one that was shown stays until the new one is complete. */
export function showFrame(frameId) {
  if (!state.frameById.has(frameId)) return settled;
  direction = placeOf(frameId) < placeOf(state.selected) ? -1 : 1;
  change("selected", { selected: frameId });
  remember(frameId);
  retryDelay = RETRY_MS;
  return begin(frameId);
}

function begin(frameId) {
  clearTimeout(retryTimer);
  failed = null;
  turn += 1;
  settled = swap(frameId, turn);
  return settled;
}

/** Show the frame `steps` further on. */
export function step(steps) {
  const place = Math.min(state.frames.length - 1, Math.max(0, placeOf(state.selected) + steps));
  const frame = state.frames[place];
  if (frame && frame.id !== state.selected) showFrame(frame.id);
}

/** Resolve when the frame that was asked for last is shown, or can't be. */
export function frameSettled() {
  return settled;
}

function placeOf(frameId) {
  return state.frameIndex.get(frameId) ?? 0;
}

async function swap(frameId, mine) {
  const overlay = overlayOf(frameId);
  try {
    const [bitmap] = await Promise.all([imageOf(frameId), strokesOrNone(frameId)]);
    const early = await Promise.race([overlay, wait(OVERLAY_WAIT_MS)]);
    if (mine !== turn) return;
    state.shown = frameId;
    emit("shown", { bitmap, overlay: early });
    if (early === undefined) overlay.then((late) => mine === turn && emit("overlay-late", late));
    prefetch();
  } catch (error) {
    if (mine !== turn) return;
    if (!(error instanceof ApiError)) throw error;
    const first = retryDelay === RETRY_MS;
    if (first) emit("trouble", `Frame ${placeOf(frameId) + 1}: ${error.message}. It is shown as soon as it can be loaded.`);
    failed = frameId;
    retryTimer = setTimeout(begin, retryDelay, frameId);
    retryDelay = Math.min(2 * retryDelay, LONGEST_RETRY_MS);
  }
}

async function strokesOrNone(frameId) {
  try {
    await loadStrokes(frameId);
  } catch (error) {
    if (!error.offline) throw error; // away: what waits in this browser is shown, the rest later
  }
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
}

function prefetch() {
  const place = placeOf(state.shown);
  const order = [1, -1, ...Array.from({ length: AHEAD - 1 }, (_, index) => index + 2)];
  const near = order.map((steps) => state.frames[place + steps * direction]).filter(Boolean);
  const mine = turn;
  const next = async () => {
    const frame = near.shift();
    if (!frame || mine !== turn) return;
    const parts = [imageOf(frame.id), loadStrokes(frame.id)];
    if (overlayKind() !== "prediction" || overlayRound(frame.id) !== null) parts.push(overlayOf(frame.id));
    await Promise.allSettled(parts); // what fails here fails again, and is told, when it is asked for
    next();
  };
  next();
}

const PLACE = "rewis3d:frame";

function remember(frameId) {
  sessionStorage.setItem(PLACE, String(frameId));
}

/** Return the frame that this tab showed last, or the project's first. */
export function firstFrame() {
  const last = Number(sessionStorage.getItem(PLACE));
  return state.frameById.has(last) ? last : state.frames[0]?.id;
}

on("connection", () => {
  if (!state.online) return;
  if (failed !== null) begin(failed);
  else if (state.shown !== null && !hasStrokes(state.shown)) loadStrokes(state.shown).catch(() => {});
});
