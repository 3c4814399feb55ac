// One cell for each frame: which piece of the scene it lies in, how much depth it has, or that it is 2D only.
import { h, oncePerPaint } from "./dom.js";
import { showFrame } from "./playhead.js";
import { flatReason } from "./scenedata.js";
import { on, state } from "./state.js";

const HUES = [212, 158, 28, 282, 92, 338, 190, 52]; // of the pieces, in turn
const LEAST_ALPHA = 0.3; // of a frame with next to no depth

/** Return the colour of a piece of a scene. */
export function pieceColour(piece) {
  return `hsl(${HUES[piece % HUES.length]} 62% 54%)`;
}

/** Return a strip that follows the page: its element, and what draws it anew and what ends it. `scene()` is the scene shown; `clicked` is called after a click. */
export function sceneStrip(scene, { clicked = () => {}, kind = "" } = {}) {
  const canvas = h("canvas", { class: "scene-cells" });
  const track = h("div", { class: `scene-strip ${kind}`, role: "img" }, canvas);
  const draw = oncePerPaint(() => paint(track, canvas, scene()));
  new ResizeObserver(draw).observe(track);
  const stop = on("scenes frames selected prefs", draw);
  track.addEventListener("pointermove", (event) => (track.title = words(frameUnder(track, event), scene())));
  track.addEventListener("click", (event) => {
    const frame = frameUnder(track, event);
    if (frame) (showFrame(frame.id), clicked());
  });
  return { element: track, draw, stop };
}

function frameUnder(track, event) {
  const box = track.getBoundingClientRect();
  const along = Math.min(0.9999, Math.max(0, (event.clientX - box.left) / box.width));
  return state.frames[Math.floor(along * state.frames.length)];
}

function rowOf(frame, scene) {
  return scene?.report?.per_frame.find((row) => row.frame_id === frame.id);
}

/** Say what is known of a frame. */
function words(frame, scene) {
  if (!frame) return "";
  const name = `Frame ${state.frameIndex.get(frame.id) + 1} (${frame.name})`;
  const row = rowOf(frame, scene);
  if (!row || row.backend === null) return `${name}: ${row ? `2D only: ${row.reason ?? "no reason is known"}` : flatReason(frame.id)}`;
  const piece = scene.report.pieces > 1 ? `, piece ${row.piece + 1}` : "";
  return `${name}: depth for ${Math.round(100 * row.coverage)} % of it by ${row.backend}${piece}${row.reason ? `. ${row.reason}` : ""}`;
}

function paint(track, canvas, scene) {
  const { clientWidth: width, clientHeight: height } = track;
  if (!width || !state.frames.length) return;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const pen = canvas.getContext("2d");
  pen.scale(devicePixelRatio, devicePixelRatio);
  const style = getComputedStyle(track);
  const colours = { flat: style.getPropertyValue("--line-strong").trim(), text: style.getPropertyValue("--text").trim(), cut: style.getPropertyValue("--bad").trim() };
  const rows = new Map((scene?.report?.per_frame ?? []).map((row) => [row.frame_id, row]));
  const cuts = new Set(scene?.report?.cuts ?? []);
  const cell = width / state.frames.length;
  state.frames.forEach((frame, index) => {
    paintCell(pen, { x: index * cell, width: cell > 4 ? cell - 1 : cell, height }, rows.get(frame.id), colours);
    if (cuts.has(frame.name)) paintCut(pen, index * cell, height, colours.cut);
  });
  paintPlace(pen, Math.min(width - 4, Math.max(4, ((state.frameIndex.get(state.selected) ?? 0) + 0.5) * cell)), colours.text);
  track.setAttribute("aria-label", summary(scene, rows));
}

function paintCell(pen, { x, width, height }, row, colours) {
  if (row && row.backend !== null) {
    pen.globalAlpha = LEAST_ALPHA + (1 - LEAST_ALPHA) * row.coverage;
    pen.fillStyle = pieceColour(row.piece);
    pen.fillRect(x, 5, width, height - 5);
    pen.globalAlpha = 1;
    return;
  }
  pen.strokeStyle = pen.fillStyle = colours.flat; // no geometry: a low cell with a slash
  pen.fillRect(x, height - 3, width, 3);
  if (width < 4) return;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, height - 5);
  pen.lineTo(x + width, 7);
  pen.stroke();
}

function paintCut(pen, x, height, colour) {
  pen.fillStyle = colour;
  pen.fillRect(x - 1, 3, 1.5, height - 3);
}

function paintPlace(pen, x, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x - 3.5, 0);
  pen.lineTo(x + 3.5, 0);
  pen.lineTo(x, 4.5);
  pen.fill();
}

function summary(scene, rows) {
  const flat = [...rows.values()].filter((row) => row.backend === null).length;
  return scene ? `Scene ${scene.number}: ${rows.size - flat} frames with depth, ${flat} in 2D only` : "No scene yet";
}
