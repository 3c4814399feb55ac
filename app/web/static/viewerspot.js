// Where a click in 3D leads: to the frame that sees the place, and a ring around the pixel.
import { look, stage, viewport } from "./canvas.js";
import { h } from "./dom.js";
import { showFrame } from "./playhead.js";
import { on, state } from "./state.js";

const MARGIN = 60; // CSS pixels from the stage's border within which a place is not in sight
const SHOWN_MS = 4000; // it pulses first, then stands still: whoever comes to correct has to find the stroke
let ring = null; // {element, xy}
let timer = 0;

/** Listen to clicks in the view in 3D. */
export function followSpots() {
  on("live:look", visit);
  stage.addEventListener("view", place);
}

/** Go to a frame, and to a pixel of it where one is named: it is brought in sight and flashes. */
export async function visit({ frame, xy }) {
  await showFrame(frame);
  stage.focus({ preventScroll: true }); // the keys are the canvas's again
  if (state.shown !== frame || !xy) return;
  bring(xy);
  mark(xy);
}

/** Pan so that a place of the image is in sight, and no more than that. */
function bring([x, y]) {
  const [left, top] = [x * viewport.scale + viewport.x, y * viewport.scale + viewport.y];
  const { width, height } = viewport.stage;
  const inside = left > MARGIN && left < width - MARGIN && top > MARGIN && top < height - MARGIN;
  if (!inside && !viewport.fitted) look((view) => view.pan(width / 2 - left, height / 2 - top));
}

function mark(xy) {
  clearTimeout(timer);
  ring?.element.remove();
  ring = { element: h("div", { class: "spot", "aria-hidden": "true" }), xy };
  ring.element.dataset.xy = xy.join(",");
  stage.append(ring.element);
  place();
  timer = setTimeout(() => {
    ring?.element.remove();
    ring = null;
  }, SHOWN_MS);
}

function place() {
  if (!ring) return;
  const [x, y] = ring.xy;
  ring.element.style.left = `${x * viewport.scale + viewport.x}px`;
  ring.element.style.top = `${y * viewport.scale + viewport.y}px`;
}
