// The stage: image and overlay as layers that are only moved, strokes and the stroke in hand as
// layers of the stage's own size and resolution.
import { h, oncePerPaint } from "./dom.js";
import { overlayKind, overlayOf, overlayRound } from "./overlay.js";
import { paintStroke, paintStrokes, paintTail } from "./painter.js";
import { classOf, on, prefs, state } from "./state.js";
import { strokesOf } from "./strokes.js";
import { Viewport } from "./viewport.js";

export const viewport = new Viewport();
const image = h("canvas", { class: "layer image" });
const overlay = h("canvas", { class: "layer overlay" });
const ink = h("canvas", { class: "layer ink" });
const hand = h("canvas", { class: "layer hand" });
export const cursor = h("div", { class: "cursor", hidden: true });
export const stage = h(
  "div",
  { class: "stage", tabIndex: 0, role: "application", "aria-label": "Canvas: draw strokes on the frame" },
  h("div", { class: "layers", "aria-hidden": "true" }, image, overlay, ink, hand),
  cursor,
);
const inkPen = ink.getContext("2d");
const handPen = hand.getContext("2d", { desynchronized: true });
let stroke = null; // in hand
let painted = 0; // its vertices that are on the canvas
let overlayTurn = 0;

/** Begin a stroke in hand. */
export function beginStroke(begun) {
  stroke = begun;
  painted = 0;
  growStroke();
}

/** Paint what the stroke in hand has grown by. */
export function growStroke() {
  // An eraser takes from the ink at once: one layer can't erase from another.
  const pen = stroke.class === "eraser" ? inkPen : handPen;
  place(pen);
  paintTail(pen, stroke, painted);
  painted = stroke.xy.length;
}

/** Paint the stroke in hand from its start: its earlier vertices have changed. */
export function redrawStroke() {
  clear(handPen);
  if (stroke.class === "eraser") paintInk();
  painted = 0;
  growStroke();
}

/** Take the stroke in hand away; `final` is what it has become, or null where it was given up. */
export function endStroke(final) {
  const erased = stroke?.class === "eraser";
  stroke = null;
  clear(handPen);
  if (erased) return paintInk();
  if (!final) return;
  place(inkPen);
  onImage(() => paintStroke(inkPen, final));
}

/** Show the view again after a zoom or pan. */
export const moved = oncePerPaint(() => {
  moveLayers();
  paintInk();
});

/** Move by a zoom, a pan or a fit of `viewport`. */
export function look(action) {
  action(viewport);
  moved();
}

function moveLayers() {
  const { x, y, scale } = viewport;
  for (const layer of [image, overlay]) {
    const [across, down] = [(scale * viewport.image.width) / layer.width, (scale * viewport.image.height) / layer.height];
    layer.style.transform = `translate(${x}px, ${y}px) scale(${across}, ${down})`; // a grid's cells need not be square
    layer.classList.toggle("pixels", scale >= 3);
  }
  stage.dispatchEvent(new CustomEvent("view"));
}

function place(pen) {
  const ratio = devicePixelRatio * viewport.scale;
  pen.setTransform(ratio, 0, 0, ratio, devicePixelRatio * viewport.x, devicePixelRatio * viewport.y);
}

function clear(pen) {
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
}

function paintInk() {
  clear(inkPen);
  if (state.shown === null) return;
  place(inkPen);
  onImage(() => paintStrokes(inkPen, strokesOf(state.shown).filter(isLiving)));
  if (stroke?.class === "eraser") paintStroke(inkPen, stroke);
}

/** Say whether a stroke's class is in the palette; the server leaves the others out as well. */
function isLiving({ class: kind }) {
  return typeof kind === "string" || classOf(kind) !== undefined;
}

/** Strokes label pixels of the image: what lies beside it is not shown. */
function onImage(paint) {
  inkPen.save();
  inkPen.beginPath();
  inkPen.rect(0, 0, viewport.image.width, viewport.image.height);
  inkPen.clip();
  paint();
  inkPen.restore();
}

const paintInkSoon = oncePerPaint(() => paintInk());

function resize() {
  const { clientWidth: width, clientHeight: height } = stage;
  if (!width || !height) return; // a hidden tab
  for (const layer of [ink, hand]) {
    layer.width = Math.round(width * devicePixelRatio);
    layer.height = Math.round(height * devicePixelRatio);
  }
  viewport.resize(width, height);
  moveLayers();
  paintInk();
  if (stroke && stroke.class !== "eraser") redrawStroke();
}

function drawImage(canvas, bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  const pen = canvas.getContext("2d");
  if (canvas === overlay) pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0);
}

function showOverlay(bitmap) {
  overlay.classList.toggle("empty", !bitmap);
  if (!bitmap) return;
  drawImage(overlay, bitmap);
  moveLayers();
}

/** Colour the shown frame's overlay anew; the old one stays until the new one is ready. */
async function refreshOverlay() {
  if (state.shown === null) return;
  overlayTurn += 1;
  const [mine, frameId] = [overlayTurn, state.shown];
  const bitmap = await overlayOf(frameId);
  if (mine !== overlayTurn || frameId !== state.shown) return;
  if (bitmap || overlayKind() !== "prediction" || overlayRound(frameId) === null) showOverlay(bitmap);
}

function showPrefs() {
  stage.style.setProperty("--overlay-opacity", prefs.opacity);
  stage.classList.toggle("overlay-off", !prefs.overlay);
  stage.classList.toggle("bare", state.hidden);
}

/** Begin to show frames, strokes and overlays. */
export function openCanvas() {
  new ResizeObserver(resize).observe(stage);
  on("shown", ({ bitmap, overlay: coloured }) => {
    overlayTurn += 1;
    viewport.hold(bitmap.width, bitmap.height);
    drawImage(image, bitmap);
    showOverlay(coloured ?? null);
    moveLayers();
    paintInk();
    stage.classList.add("ready");
  });
  on("overlay-late", showOverlay);
  on("overlay classes rounds hidden-classes connection scenes", refreshOverlay);
  on("strokes", ({ frame }) => frame === state.shown && paintInkSoon());
  on("classes", paintInkSoon);
  on("prefs hidden", showPrefs);
  on("prefs", (fields) => ("fade" in fields || "over" in fields) && refreshOverlay());
  showPrefs();
}
