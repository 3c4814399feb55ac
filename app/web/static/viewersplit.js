// The canvas and the view in 3D side by side, with a bar between them to drag.
import { h } from "./dom.js";
import { on, prefer, prefs } from "./state.js";
import { viewerPanel } from "./viewer.js";

const LEAST = 0.25;
const STEP = 0.04;

/** Return the canvas's box with the view in 3D at its right. */
export function splitStage(box) {
  const bar = h("div", { class: "split-bar", role: "separator", tabIndex: 0, "aria-orientation": "vertical", "aria-label": "Width of the 3D view", "aria-valuemin": 25, "aria-valuemax": 75 });
  const panel = viewerPanel();
  const split = h("div", { class: "split" }, box, bar, panel);
  const show = () => {
    const open = Boolean(prefs.view3d);
    split.classList.toggle("open", open);
    bar.hidden = panel.hidden = !open;
    split.style.setProperty("--canvas", `${share()}fr`);
    split.style.setProperty("--viewer", `${1 - share()}fr`);
    bar.setAttribute("aria-valuenow", String(Math.round(100 * share())));
  };
  on("prefs", show);
  show();
  drag(split, bar);
  return split;
}

function share() {
  const found = Number(prefs.view3dShare ?? 0.52);
  return Math.min(1 - LEAST, Math.max(LEAST, Number.isFinite(found) ? found : 0.5));
}

function drag(split, bar) {
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    split.classList.add("dragging"); // the scene's frame would take the pointer
    event.preventDefault();
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const around = split.getBoundingClientRect();
    prefer({ view3dShare: (event.clientX - around.left) / around.width });
  });
  bar.addEventListener("lostpointercapture", () => split.classList.remove("dragging"));
  bar.addEventListener("dblclick", () => prefer({ view3dShare: 0.5 }));
  bar.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation(); // not the frames' keys here
    prefer({ view3dShare: share() + way });
  });
}
