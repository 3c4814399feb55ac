// Small line charts in SVG.
import { h, write } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 110;
const LEAST_WIDTH = 120;
const MANY = 40; // points, beyond which a line is drawn through their running mean
const DECADES = 50; // a curve that falls by more is drawn on a logarithmic scale
const PAD = { left: 36, right: 8, top: 8, bottom: 18 };

/**
 * Return {figure, show} of one curve, as wide as its place. `show(points, none)` draws [step, value]
 * by step; `none` says why there are none. `hint` explains the curve, a `share` is 0 to 100 %.
 */
export function chart(title, { hint, share = false } = {}) {
  const svg = node("svg", { class: "chart", role: "img", height: HEIGHT });
  const value = h("b", {});
  const figure = h("figure", { class: "chart-figure", title: hint }, h("figcaption", {}, h("span", { text: title }), value), svg);
  const format = share ? (number_) => `${Math.round(100 * number_)} %` : number;
  const shown = { points: [], none: "", scale: null };
  const say = (point) => write(value, point ? format(point[1]) : "–");
  const draw = () => (shown.scale = shown.points.length ? drawn(svg, shown.points, { share, format }) : blank(svg, shown.none));
  new ResizeObserver(draw).observe(svg);
  point(svg, shown, (found) => (found ? write(value, `${format(found[1])} at ${found[0]}`) : say(shown.points.at(-1))));
  const show = (points, none = "") => {
    if (points.length === shown.points.length && points.at(-1) === shown.points.at(-1) && none === shown.none) return;
    Object.assign(shown, { points: [...points], none });
    const last = points.at(-1);
    svg.setAttribute("aria-label", last ? `${title}: ${points.length} points, last ${format(last[1])}` : `${title}: ${none || "no points yet"}`);
    say(last);
    draw();
  };
  return { figure, show };
}

/** Tell which point is under the pointer, or null beside the curve, and mark it. */
function point(svg, shown, tell) {
  const mark = node("line", { class: "chart-mark" });
  svg.addEventListener("pointermove", ({ offsetX }) => {
    if (!shown.scale) return;
    const near = shown.points.reduce((best, each) => (Math.abs(shown.scale.x(each[0]) - offsetX) < Math.abs(shown.scale.x(best[0]) - offsetX) ? each : best));
    const x = shown.scale.x(near[0]);
    for (const [name, place] of Object.entries({ x1: x, x2: x, y1: PAD.top, y2: HEIGHT - PAD.bottom })) mark.setAttribute(name, place);
    if (mark.parentNode !== svg) svg.append(mark);
    tell(near);
  });
  svg.addEventListener("pointerleave", () => (mark.remove(), tell(null)));
}

function blank(svg, text) {
  const width = Math.max(LEAST_WIDTH, svg.clientWidth);
  const floor = HEIGHT - PAD.bottom;
  svg.replaceChildren(node("line", { x1: PAD.left, x2: width - PAD.right, y1: floor, y2: floor, class: "chart-grid" }));
  svg.append(label((PAD.left + width - PAD.right) / 2, HEIGHT / 2, text, "middle"));
  return null;
}

function drawn(svg, points, { share, format }) {
  const width = Math.max(LEAST_WIDTH, svg.clientWidth);
  const last = points.at(-1);
  const scale = scales(points, width, { share, format });
  svg.replaceChildren();
  for (const [value, text] of scale.ticks) svg.append(gridLine(value, text, scale));
  svg.append(label(width - PAD.right, HEIGHT - 4, String(last[0]), "end"));
  if (points.length > 1) svg.append(label(PAD.left, HEIGHT - 4, String(points[0][0]), "start"));
  svg.append(node("path", { d: area(points, scale), class: "chart-area" }));
  const means = points.length > MANY ? running(points) : points;
  if (means !== points) svg.append(node("path", { d: line(points, scale), class: "chart-raw" }));
  svg.append(node("path", { d: line(means, scale), class: "chart-line" }));
  const [step, value] = means.at(-1);
  svg.append(node("circle", { cx: scale.x(step), cy: scale.y(value), r: 2.5, class: "chart-dot" }));
  return scale;
}

/** Return the mean of each point and those before it, of which newer ones count more. */
function running(points) {
  const share = 1 / (points.length / 20);
  let mean = points[0][1];
  return points.map(([step, value]) => [step, (mean += share * (value - mean))]);
}

function scales(points, width, { share, format }) {
  const values = points.map((each) => each[1]);
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const [least, most] = share ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const logarithmic = least > 0 && most > DECADES * least; // else such a curve is an L
  const place = logarithmic ? Math.log10 : (value) => value;
  const low = logarithmic ? Math.floor(place(least)) : Math.min(0, least);
  const high = Math.max(place(most), low + 1e-6);
  const marks = logarithmic ? powers(low, high).map((power) => 10 ** power) : share ? [0, 0.5, 1] : ticks(low, high);
  return {
    ticks: marks.map((value) => [value, format(value)]),
    width,
    x: (step) => PAD.left + ((step - first) / Math.max(1, last - first)) * (width - PAD.left - PAD.right),
    y: (value) => HEIGHT - PAD.bottom - ((place(value) - low) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom),
  };
}

function ticks(low, high) {
  const rough = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let value = Math.ceil(low / stride) * stride; value <= high; value += stride) found.push(value);
  return found;
}

/** Return at most four exponents of ten from low to high. */
function powers(low, high) {
  const stride = Math.ceil((high - low) / 4);
  const found = [];
  for (let value = low; value <= high; value += stride) found.push(value);
  return found;
}

function gridLine(value, text, { y, width }) {
  const group = node("g", {});
  group.append(node("line", { x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value), class: "chart-grid" }));
  group.append(label(PAD.left - 6, y(value) + 3, text, "end"));
  return group;
}

function label(x, y, text, anchor) {
  const element = node("text", { x, y, class: "chart-label", "text-anchor": anchor });
  element.textContent = text;
  return element;
}

function line(points, { x, y }) {
  return points.map(([step, value], index) => `${index ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}

function area(points, scale) {
  const floor = (HEIGHT - PAD.bottom).toFixed(1);
  return `${line(points, scale)}L${scale.x(points.at(-1)[0]).toFixed(1)} ${floor}L${scale.x(points[0][0]).toFixed(1)} ${floor}Z`;
}

function number(value) {
  const size = Math.abs(value);
  if (size && (size < 0.001 || size >= 1e5)) return value.toExponential(1).replace(".0", "");
  return String(Number(value.toPrecision(3)));
}

function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
