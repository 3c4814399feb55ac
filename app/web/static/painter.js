// Strokes as ink on a canvas whose transform maps image pixels to it.
import { classOf } from "./state.js";

const UNKNOWN = "#8a8f98";
let hatch = null;

/** Paint strokes in their order; an eraser takes away what was painted before it. */
export function paintStrokes(context, strokes) {
  for (const stroke of strokes) paintStroke(context, stroke);
}

export function paintStroke(context, stroke) {
  prepare(context, stroke);
  if (stroke.xy.length === 1) return paintPoint(context, stroke);
  context.beginPath();
  context.moveTo(...stroke.xy[0]);
  for (let index = 1; index < stroke.xy.length; index += 1) context.lineTo(...stroke.xy[index]);
  context.stroke();
  context.globalCompositeOperation = "source-over";
}

/** Paint the part of a path from vertex `from` on, of a stroke that grows. */
export function paintTail(context, stroke, from) {
  paintStroke(context, { ...stroke, xy: stroke.xy.slice(Math.max(0, from - 1)) });
}

function prepare(context, stroke) {
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = stroke.width;
  context.globalCompositeOperation = stroke.class === "eraser" ? "destination-out" : "source-over";
  const ink = inkOf(context, stroke.class);
  context.strokeStyle = context.fillStyle = ink;
}

function inkOf(context, classId) {
  if (classId === "eraser") return "#000";
  if (classId === "ignore") return hatching(context);
  return classOf(classId)?.colour ?? UNKNOWN;
}

function paintPoint(context, stroke) {
  const [x, y] = stroke.xy[0];
  context.beginPath();
  context.arc(x, y, stroke.width / 2, 0, 2 * Math.PI);
  context.fill();
  context.globalCompositeOperation = "source-over";
  if (stroke.class === "eraser") return;
  const pixel = 1 / context.getTransform().a;
  context.lineWidth = pixel * 1.5 * devicePixelRatio;
  context.strokeStyle = "rgba(255,255,255,.9)"; // a point must be found again
  context.stroke();
}

function hatching(context) {
  if (!hatch) {
    const tile = new OffscreenCanvas(8, 8);
    const pen = tile.getContext("2d");
    pen.fillStyle = "#22252b";
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = "#b9bec8";
    pen.lineWidth = 2;
    pen.beginPath();
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift - 1, 9);
      pen.lineTo(shift + 9, -1);
    }
    pen.stroke();
    hatch = context.createPattern(tile, "repeat");
  }
  const { a: scale } = context.getTransform();
  hatch.setTransform(new DOMMatrix().scale(1 / scale)); // stripes of one size at every zoom
  return hatch;
}
