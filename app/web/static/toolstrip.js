// The tools above the canvas.
import { look, stage, viewport } from "./canvas.js";
import { button, disable, h, write } from "./dom.js";
import { ghostsToggle } from "./ghosts.js";
import { overlayControl } from "./overlaycontrol.js";
import { change, on, prefer, prefs, state } from "./state.js";
import { clearFrame, redo, undo, whyNot, whyNotClear } from "./undo.js";
import { viewerToggle } from "./viewer.js";

export const BRUSH_MOST = 200;
const TOOLS = [
  ["brush", "Brush (B)"],
  ["eraser", "Eraser (E)"],
  ["point", "Point (P)"],
  ["ignore", "Ignore brush (I): marks pixels that take part in nothing"],
];

/** Change the brush diameter, in image pixels. */
export function setBrush(width) {
  prefer({ brush: Math.min(BRUSH_MOST, Math.max(1, Math.round(width))) });
}

/** Make the brush a step larger (1) or smaller (-1). */
export function stepBrush(direction) {
  const width = prefs.brush;
  setBrush(width + direction * Math.max(1, Math.round(width * 0.2)));
}

/** Choose a tool. */
export function setTool(tool) {
  change("tool", { tool });
}

/** Return the strip. */
export function toolStrip() {
  return h(
    "div",
    { class: "toolstrip", role: "toolbar", "aria-label": "Tools" },
    toolButtons(),
    sizeControl(),
    h("div", { class: "group" }, historyButton("undo", undo, "Undo (Ctrl+Z)"), historyButton("redo", redo, "Redo (Ctrl+Shift+Z)"), clearButton()),
    h("span", { class: "spring" }),
    overlayControl(),
    h("div", { class: "group" }, ghostsToggle()),
    zoomControl(),
    h("div", { class: "group" }, viewerToggle()),
  );
}

function toolButtons() {
  const group = h("div", { class: "group segmented", role: "radiogroup", "aria-label": "Tool" });
  for (const [tool, hint] of TOOLS) {
    const element = button({ icon: tool, hint, kind: "quiet tool", onclick: () => setTool(tool) });
    element.dataset.tool = tool;
    element.setAttribute("role", "radio");
    group.append(element);
  }
  const show = () => {
    for (const element of group.children) element.setAttribute("aria-checked", String(element.dataset.tool === state.tool));
    stage.dataset.tool = state.tool;
  };
  on("tool", show);
  show();
  return group;
}

function sizeControl() {
  const slider = h("input", { type: "range", class: "slider", min: 0, max: 100, step: 1, "aria-label": "Brush diameter in image pixels" });
  const value = h("output", { class: "value" });
  // the slider's ends are 1 px and BRUSH_MOST px; small brushes get most of its way
  slider.addEventListener("input", () => setBrush(BRUSH_MOST ** (slider.value / 100)));
  const show = () => {
    const place = (100 * Math.log(prefs.brush)) / Math.log(BRUSH_MOST);
    if (document.activeElement !== slider) slider.value = place;
    slider.style.setProperty("--filled", `${place}%`);
    write(value, `${prefs.brush} px`);
  };
  on("prefs", show);
  show();
  return h("div", { class: "group size-control", title: "Brush size ([ and ])" }, slider, value);
}

function historyButton(kind, onclick, hint) {
  const element = button({ icon: kind, hint, kind: "quiet", onclick });
  const show = () => disable(element, whyNot(kind));
  on("history saving connection", show);
  show();
  return element;
}

function clearButton() {
  const element = button({ icon: "trash", hint: "Clear frame: take all its strokes away, as one step", kind: "quiet", onclick: clearFrame });
  const show = () => disable(element, whyNotClear());
  on("shown strokes drawn frame saving", show);
  show();
  return element;
}

function zoomControl() {
  const value = button({ label: "100 %", hint: "Zoom to 100 %", kind: "quiet zoom-value", onclick: () => look((view) => view.zoom(1 / view.scale)) });
  stage.addEventListener("view", () => {
    write(value.querySelector(".label"), state.shown === null ? "–" : `${Math.round(100 * viewport.scale)} %`);
  });
  return h(
    "div",
    { class: "group" },
    button({ icon: "minus", hint: "Zoom out (-)", kind: "quiet", onclick: () => look((view) => view.zoom(1 / 1.25)) }),
    value,
    button({ icon: "plus", hint: "Zoom in (+)", kind: "quiet", onclick: () => look((view) => view.zoom(1.25)) }),
    button({ icon: "fit", hint: "Fit the frame (F)", kind: "quiet", onclick: () => look((view) => view.fit()) }),
  );
}
