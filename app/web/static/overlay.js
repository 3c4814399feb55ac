// The prediction over the image: labels come as train ids and are coloured here, in a worker.
import { address } from "./api.js";
import { depthPicture } from "./depthpictures.js";
import { flatReason, usedScene } from "./scenedata.js";
import { classOf, emit, on, prefs, shownRound, state } from "./state.js";

const BUDGET_BYTES = 192e6;
const LEAST_KEPT = 8;
const worker = new Worker(new URL("overlay_worker.js", import.meta.url), { type: "module" });
const asked = new Map(); // request number -> resolve
const painted = new Map(); // "round/frame id" -> {key, bitmap}, least recently used first
let requests = 0;

worker.onmessage = ({ data }) => {
  asked.get(data.request)(data.answer);
  asked.delete(data.request);
};

function ask(message) {
  requests += 1;
  const request = requests;
  return new Promise((resolve) => {
    asked.set(request, resolve);
    worker.postMessage({ ...message, request });
  });
}

/** Return the number of the round that a frame's overlay shows, or null; of two the left one. */
export function overlayRound(frameId) {
  if (state.swipe) return state.swipe.left;
  if (state.previewRound !== null) return state.previewRound;
  return state.frameById.get(frameId)?.predicted ?? null;
}

/** Return whether drawings are under way. */
export function overlayBusy() {
  return asked.size > 0;
}

/** Return what lies over the image: prediction, depth or reconstruction. */
export function overlayKind() {
  return ["depth", "reconstruction"].includes(prefs.over) && usedScene() ? prefs.over : "prediction";
}

/** Return a promise of a frame's coloured overlay; null where there is none for it. */
export async function overlayOf(frameId) {
  const kind = overlayKind();
  if (kind !== "prediction") return flatReason(frameId) ? null : depthPicture(frameId, kind);
  const round = overlayRound(frameId);
  if (round === null) return null;
  const beside = state.swipe && roundOverlay(frameId, state.swipe.right).promise; // the two change together
  const [bitmap] = await Promise.all([roundOverlay(frameId, round).promise, beside]);
  return bitmap;
}

/** Return what a round predicts for a frame, coloured: the bitmap where it is at hand, and a promise of it. */
export function roundOverlay(frameId, round) {
  const source = sourceOf(frameId, round);
  const place = `${round}/${frameId}`;
  const known = painted.get(place);
  if (known?.key !== source.key) return { promise: paintAnew(place, source) };
  painted.delete(place);
  painted.set(place, known);
  return { bitmap: known.bitmap, promise: Promise.resolve(known.bitmap) };
}

async function paintAnew(place, source) {
  const bitmap = await ask({ kind: "paint", ...source });
  if (bitmap) remember(place, source.key, bitmap);
  return bitmap;
}

/** Return what the prediction says at an image pixel: {name, colour, confidence} or null. */
export async function predictionAt(frameId, x, y) {
  const round = state.swipe && x >= state.swipe.at ? state.swipe.right : overlayRound(frameId);
  if (round === null) return null;
  const found = await ask({ kind: "look", ...sourceOf(frameId, round), x: Math.floor(x), y: Math.floor(y) });
  const label = found && roundClasses(round)[found.label];
  return label ? { ...label, confidence: found.confidence } : null;
}

function sourceOf(frameId, round) {
  const colours = palette(round);
  const version = state.frameById.get(frameId)?.version ?? 0;
  return {
    file: `${round}/${frameId}/${version}`,
    labels: address(`rounds/${round}/frames/${frameId}/labels.png`),
    confidence: address(`rounds/${round}/frames/${frameId}/confidence.png`),
    colours,
    fade: prefs.fade,
    key: `${round}/${version}/${prefs.fade}/${colours.join()}`,
  };
}

/** Return a round's classes in train id order, in the colours that they have now. */
export function roundClasses(number) {
  const round = state.rounds.find((item) => item.number === number);
  const frozen = round?.classes ?? state.classes;
  return frozen.map((label) => ({ ...label, ...(classOf(label.id) ?? {}) }));
}

function palette(number) {
  return roundClasses(number).map((label) => {
    if (state.hiddenClasses.has(label.id)) return 0;
    const value = parseInt(label.colour.slice(1), 16);
    const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // RGBA, little endian
  });
}

function remember(place, key, bitmap) {
  painted.delete(place);
  painted.set(place, { key, bitmap });
  const most = Math.max(LEAST_KEPT, Math.floor(BUDGET_BYTES / (4 * bitmap.width * bitmap.height)));
  for (const [oldest, { bitmap: old }] of painted) {
    if (painted.size <= most) return;
    painted.delete(oldest);
    old.close();
  }
}

/** Return how many strokes came after the shown round's labels; null where there is no round. */
export function strokesBehind() {
  return shownRound()?.strokes_behind ?? null;
}

on("live:prediction", ({ round, frame: frameId }) => {
  const frame = state.frameById.get(frameId);
  if (!frame) return;
  frame.version = (frame.version ?? 0) + 1;
  if (state.activeRound === round) frame.predicted = round;
  emit("frame", frameId);
  if (frameId === state.shown) emit("overlay");
});
