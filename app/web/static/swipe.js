// Two rounds on the canvas: one at the left of a bar, the other at its right. The bar stays where it is
// in the stage when the image is moved below it.
import { stage, viewport } from "./canvas.js";
import { h, icon, write } from "./dom.js";
import { kindOf } from "./kinds.js";
import { overlayKind, roundOverlay } from "./overlay.js";
import { change, on, prefer, state } from "./state.js";

const STEP = 0.02;
const layer = h("canvas", { class: "layer overlay beside", hidden: true });
const names = [h("span", { class: "swipe-name" }), h("span", { class: "swipe-name" })];
const bar = h("div", { class: "swipe-bar", role: "slider", tabIndex: 0, "aria-valuemin": 0, "aria-valuemax": 100 }, names[0], h("span", { class: "swipe-knob" }, icon("swipe")), names[1]);
const box = h("div", { class: "swipe", hidden: true }, bar);
let share = 0.5; // of the stage's width at the left of the bar
let turn = 0;
let drawn = null; // the bitmap that the layer has

/** Return the bar, to lie over the stage. */
export function swipeBar() {
  stage.querySelector(".layer.overlay").after(layer);
  stage.addEventListener("view", place);
  new ResizeObserver(place).observe(stage);
  on("shown overlay classes rounds hidden-classes connection scenes", show);
  on("prefs", (fields) => ("over" in fields && overlayKind() !== "prediction" ? endSwipe() : "fade" in fields && show()));
  listen();
  return box;
}

/** Show a round at the left and another at the right, instead of the active one. */
export function startSwipe(left, right) {
  prefer({ over: "prediction", overlay: true });
  share = 0.5;
  change("overlay", { previewRound: null, swipe: { left, right, at: 0 } });
  place();
  requestAnimationFrame(() => bar.focus({ preventScroll: true }));
}

/** Show the active round again; returns whether two were shown. */
export function endSwipe() {
  if (!state.swipe) return false;
  change("overlay", { swipe: null });
  stage.focus({ preventScroll: true });
  return true;
}

/** Show the right round's overlay; what was shown of it stays until it is there, but for another frame. */
async function show() {
  const { swipe, shown } = state;
  box.hidden = !swipe;
  turn += 1;
  const mine = turn;
  if (!swipe || shown === null || gone(swipe)) {
    draw(null, null);
    return place();
  }
  [swipe.left, swipe.right].forEach((number, side) => write(names[side], words(number)));
  bar.setAttribute("aria-label", `Border between round ${swipe.left} and round ${swipe.right}`);
  const { bitmap, promise } = roundOverlay(shown, swipe.right);
  if (bitmap || layer.dataset.frame !== String(shown)) draw(shown, bitmap);
  const late = await promise;
  if (mine === turn) draw(shown, late);
}

function words(number) {
  const round = state.rounds.find((item) => item.number === number);
  return `Round ${number}, ${kindOf(round)}`;
}

/** Rounds that are not in the list any more, as after another project's database was put in place, end it. */
function gone({ left, right }) {
  const known = new Set(state.rounds.map((round) => round.number));
  if (known.has(left) && known.has(right)) return false;
  return endSwipe();
}

function draw(frame, bitmap) {
  layer.dataset.frame = String(frame);
  layer.hidden = !bitmap;
  if (!bitmap || bitmap === drawn) return;
  drawn = bitmap;
  Object.assign(layer, { width: bitmap.width, height: bitmap.height });
  layer.getContext("2d").drawImage(bitmap, 0, 0);
  place();
}

/** Put the bar and the right overlay where they belong, and cut both overlays at the bar. */
function place() {
  const left = stage.querySelector(".layer.overlay:not(.beside)");
  if (!state.swipe) {
    left.style.clipPath = "";
    return;
  }
  const { x, y, scale, image } = viewport;
  const across = (scale * image.width) / layer.width;
  layer.style.transform = `translate(${x}px, ${y}px) scale(${across}, ${(scale * image.height) / layer.height})`;
  layer.classList.toggle("pixels", scale >= 3);
  const cut = share * stage.clientWidth - x; // CSS pixels from the image's left border
  state.swipe.at = cut / scale;
  const part = state.swipe.at / image.width;
  left.style.clipPath = `inset(0 ${(1 - part) * left.width}px 0 0)`;
  layer.style.clipPath = `inset(0 0 0 ${part * layer.width}px)`;
  bar.style.left = `${100 * share}%`;
  bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
}

function moveTo(wanted) {
  share = Math.min(1, Math.max(0, wanted));
  place();
}

function listen() {
  bar.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.isTrusted) bar.setPointerCapture(event.pointerId);
    event.preventDefault();
    bar.focus({ preventScroll: true });
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const around = stage.getBoundingClientRect();
    moveTo((event.clientX - around.left) / around.width);
  });
  bar.addEventListener("wheel", (event) => (event.preventDefault(), stage.dispatchEvent(new WheelEvent("wheel", event))), { passive: false });
  bar.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 5 * STEP : STEP;
    const wanted = { ArrowLeft: share - step, ArrowRight: share + step, Home: 0, End: 1 }[event.key];
    if (wanted !== undefined) moveTo(wanted);
    else if (event.key !== "Escape" || !endSwipe()) return;
    event.preventDefault();
    event.stopPropagation(); // not the frames' keys here
  });
}
