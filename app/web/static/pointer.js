// Hands on the stage: painting, panning, zooming, with mouse, pen and fingers.
import { beginStroke, cursor, endStroke, growStroke, look, redrawStroke, stage, viewport } from "./canvas.js";
import { push } from "./queue.js";
import { uuid } from "./shelf.js";
import { emit, on, prefs, state } from "./state.js";
import { counted, simplify } from "./strokes.js";

const TOLERANCE_PX = 0.35; // of the image; less when zoomed in, where a hand can be more exact
const PEN_ERASER = 5; // the button of a pen that is turned round
const fingers = new Map(); // pointer id -> [x, y]
let drawing = null; // {pointer, stroke}
let panning = null; // {pointer, x, y}
let spaceDown = false;

/** Listen to the stage. */
export function openPointer() {
  stage.addEventListener("pointerdown", down);
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", cancel);
  stage.addEventListener("pointerleave", () => {
    cursor.hidden = true;
    emit("hover", null);
  });
  stage.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  on("prefs tool", sizeCursor);
  on("shown", endOnOldFrame);
  stage.addEventListener("view", sizeCursor);
}

/** Another frame is shown: a stroke in hand ends on its own. */
function endOnOldFrame() {
  if (!drawing || drawing.stroke.frame === state.shown) return;
  const final = finished(drawing.stroke);
  drawing = null;
  if (final) keep(final);
  endStroke(null);
}

/** Space is held, or let go: the hand pans. */
export function setPanning(held) {
  spaceDown = held;
  stage.classList.toggle("grab", held);
}

/** Give up the stroke in hand; returns whether there was one. */
export function giveUp() {
  if (!drawing) return false;
  drawing = null;
  endStroke(null);
  return true;
}

function place(event) {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function down(event) {
  stage.focus({ preventScroll: true });
  if (event.pointerType === "touch") fingers.set(event.pointerId, place(event));
  if (fingers.size > 1) return giveUp();
  if (event.button === PEN_ERASER && state.shown !== null && !drawing) return startStroke(event, "eraser");
  const pans = event.button === 1 || (event.button === 0 && spaceDown);
  if (pans) return startPan(event);
  if (event.button !== 0 || state.shown === null || drawing) return;
  startStroke(event);
}

function startPan(event) {
  event.preventDefault();
  capture(event);
  panning = { pointer: event.pointerId, x: event.clientX, y: event.clientY };
  stage.classList.add("grabbing");
}

function capture(event) {
  if (event.isTrusted) stage.setPointerCapture(event.pointerId);
}

function startStroke(event, turned) {
  const kind = turned ?? { eraser: "eraser", ignore: "ignore" }[state.tool] ?? state.classId;
  if (kind === null) return emit("trouble", "Choose a class first: add one in the palette on the right.");
  event.preventDefault();
  capture(event);
  const stroke = {
    uuid: uuid(),
    frame: state.shown,
    class: kind,
    width: prefs.brush,
    xy: [viewport.toImage(...place(event))],
  };
  drawing = { pointer: event.pointerId, stroke };
  beginStroke(stroke);
}

function move(event) {
  moveCursor(event);
  if (fingers.has(event.pointerId) && fingers.size > 1) return pinch(event);
  if (panning?.pointer === event.pointerId) return pan(event);
  if (drawing?.pointer === event.pointerId && state.tool !== "point") extend(event);
}

function extend(event) {
  const { xy } = drawing.stroke;
  if (event.shiftKey) {
    xy.splice(1, xy.length - 1, viewport.toImage(...place(event))); // a straight line
    return redrawStroke();
  }
  const steps = event.getCoalescedEvents?.() ?? [];
  for (const part of steps.length ? steps : [event]) add(xy, viewport.toImage(...place(part)));
  growStroke();
}

function add(path, [x, y]) {
  const [lastX, lastY] = path[path.length - 1];
  if (Math.hypot(x - lastX, y - lastY) * viewport.scale >= 0.5) path.push([x, y]);
}

function pan(event) {
  const [dx, dy] = [event.clientX - panning.x, event.clientY - panning.y];
  Object.assign(panning, { x: event.clientX, y: event.clientY });
  look((view) => view.pan(dx, dy));
}

function pinch(event) {
  const before = span();
  fingers.set(event.pointerId, place(event));
  const after = span();
  look((view) => {
    view.pan(after.x - before.x, after.y - before.y);
    if (before.length > 8) view.zoom(after.length / before.length, after.x, after.y);
  });
}

function span() {
  const [[ax, ay], [bx, by]] = [...fingers.values()];
  return { x: (ax + bx) / 2, y: (ay + by) / 2, length: Math.hypot(ax - bx, ay - by) };
}

function up(event) {
  fingers.delete(event.pointerId);
  if (panning?.pointer === event.pointerId) endPan();
  if (drawing?.pointer !== event.pointerId) return;
  const { stroke } = drawing;
  drawing = null;
  const final = finished(stroke);
  if (final) keep(final); // before the ink is painted from what is kept
  endStroke(final);
}

function cancel(event) {
  fingers.delete(event.pointerId);
  if (panning?.pointer === event.pointerId) endPan();
  if (drawing?.pointer === event.pointerId) giveUp();
}

function endPan() {
  panning = null;
  stage.classList.remove("grabbing");
}

/** Return the stroke as it is kept, or null where it lies beside the image. */
function finished(stroke) {
  const { width, height } = state.frameById.get(stroke.frame); // not the one that is shown by now
  const reach = stroke.width / 2;
  const inside = ([x, y]) => x > -reach && y > -reach && x < width + reach && y < height + reach;
  if (!stroke.xy.some(inside)) return null;
  const path = simplify(stroke.xy, TOLERANCE_PX / Math.max(1, viewport.scale / 2));
  return { ...stroke, xy: path.map(([x, y]) => [hundredths(x), hundredths(y)]) };
}

function hundredths(value) {
  return Math.round(value * 100) / 100;
}

function keep(stroke) {
  push({ kind: "stroke", ...stroke });
  counted(stroke.frame);
  emit("drawn", stroke);
}

function wheel(event) {
  event.preventDefault();
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
  const [x, y] = place(event);
  look((view) => view.zoom(Math.exp(-event.deltaY * unit * 0.0015), x, y));
  moveCursor(event);
}

function moveCursor(event) {
  const [x, y] = place(event);
  cursor.hidden = event.pointerType === "touch" || state.shown === null;
  cursor.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
  emit("hover", viewport.toImage(x, y));
}

function sizeCursor() {
  const size = Math.max(3, prefs.brush * viewport.scale);
  cursor.style.width = cursor.style.height = `${size}px`;
}
