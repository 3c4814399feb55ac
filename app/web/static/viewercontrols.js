// What there is to choose about the view in 3D: colours, piece, and what is left out.
import { button, fill, h, write } from "./dom.js";
import { on, state } from "./state.js";
import { choosePiece, chooseLook, chosenLook } from "./viewerdata.js";

const COLOURINGS = [
  ["strokes", "Strokes", "Your strokes, and where they show from other frames"],
  ["image", "Image", "The colours of the frames"],
  ["prediction", "Prediction", "What the active round predicts"],
  ["ghosts", "Carried strokes", "How sure a stroke is where it comes from another frame"],
  ["confidence", "Depth confidence", "How sure the reconstruction is of each point"],
];
const RAMPS = new Set(["ghosts", "confidence"]);
const SLIDERS = [
  ["confidence", "Least confidence", 0, 1, 0.01, (value) => `${Math.round(100 * value)} %`],
  ["reach", "Nearest points", 0.05, 1, 0.01, (value) => (value >= 1 ? "all" : `${Math.round(100 * value)} %`)],
  ["size", "Point size", 0.3, 4, 0.1, (value) => `${value.toFixed(1)} ×`],
];

/** Return the bar above the scene; `last` closes it. */
export function viewerControls(last) {
  const more = settings();
  const toggle = button({ icon: "fade", hint: "Which points are shown, and how large", kind: "quiet small", onclick: () => unfold(more, toggle) });
  toggle.setAttribute("aria-expanded", "false");
  const bar = h("div", { class: "viewer-bar", role: "toolbar", "aria-label": "The scene in 3D" }, colouring(), pieces(), count(), h("span", { class: "spring" }), cameras(), toggle, last);
  return h("header", { class: "viewer-head" }, bar, legend(), more);
}

function unfold(more, toggle) {
  more.hidden = !more.hidden;
  toggle.setAttribute("aria-expanded", String(!more.hidden));
  toggle.setAttribute("aria-pressed", String(!more.hidden));
}

function colouring() {
  const options = COLOURINGS.map(([value, text, title]) => h("option", { value, text, title }));
  const select = h("select", { class: "field viewer-colouring", "aria-label": "Colour the points by", title: "Colour the points by" }, options);
  select.addEventListener("change", () => (chooseLook({ colouring: select.value }), select.blur()));
  const show = () => (select.value = chosenLook().colouring);
  on("prefs", show);
  show();
  return select;
}

function pieces() {
  const select = h("select", { class: "field viewer-piece", "aria-label": "Piece of the reconstruction", title: "Piece of the reconstruction: what hangs together in space" });
  select.addEventListener("change", () => (choosePiece(Number(select.value)), select.blur()));
  const show = () => {
    const found = state.view3d?.pieces ?? [];
    select.hidden = found.length < 2;
    fill(select, found.map((views, place) => h("option", { value: place, text: `Piece ${place + 1} · ${views} frames` })));
    select.value = state.view3d?.piece ?? 0;
  };
  on("view3d", show);
  show();
  return select;
}

function count() {
  const number = h("span", {});
  const element = h("span", { class: "count viewer-count", title: "Points shown" }, number, h("span", { class: "viewer-unit", text: " points" }));
  const show = () => {
    const points = state.view3d?.points;
    element.hidden = !points;
    if (points) write(number, short(points));
  };
  on("view3d", show);
  show();
  return element;
}

function short(points) {
  if (points < 1000) return String(points);
  return points < 1e6 ? `${Math.round(points / 1000)} k` : `${(points / 1e6).toFixed(1)} M`;
}

function cameras() {
  const element = button({ icon: "image", hint: "Show where the frames were taken", kind: "quiet small", onclick: () => chooseLook({ cameras: !chosenLook().cameras }) });
  const show = () => element.setAttribute("aria-pressed", String(chosenLook().cameras));
  on("prefs", show);
  show();
  return element;
}

function legend() {
  const element = h("div", { class: "viewer-legend" }, h("span", { text: "unsure" }), h("span", { class: "ramp" }), h("span", { text: "sure" }));
  const show = () => (element.hidden = !RAMPS.has(chosenLook().colouring));
  on("prefs", show);
  show();
  return element;
}

function settings() {
  return h("div", { class: "viewer-settings", hidden: true }, SLIDERS.map(slider));
}

function slider([name, label, min, max, step, text]) {
  const input = h("input", { type: "range", class: "slider", min, max, step, "aria-label": label });
  const value = h("output", { class: "value" });
  input.addEventListener("input", () => chooseLook({ [name]: Number(input.value) }));
  const show = () => {
    const now = chosenLook()[name];
    if (document.activeElement !== input) input.value = now;
    input.style.setProperty("--filled", `${(100 * (now - min)) / (max - min)}%`);
    write(value, text(now));
  };
  on("prefs", show);
  show();
  return h("label", { class: "viewer-slider" }, h("span", { text: label }), input, value);
}
