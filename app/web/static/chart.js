// Small line charts in SVG.
import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 110;
const LEAST_WIDTH = 120;
const DECADES = 50; // a curve that falls by more is drawn on a logarithmic scale
const PAD = { left: 36, right: 8, top: 8, bottom: 18 };

/** Return a figure with one curve, as wide as its place: `points` are [step, value] by step. */
export function chart(title, points) {
  const last = points.at(-1);
  const svg = node("svg", { class: "chart", role: "img", height: HEIGHT });
  svg.setAttribute("aria-label", `${title}: ${points.length} points, last ${number(last[1])}`);
  new ResizeObserver(() => draw(svg, points)).observe(svg);
  return h("figure", { class: "chart-figure" }, h("figcaption", {}, h("span", { text: title }), h("b", { text: number(last[1]) })), svg);
}

function draw(svg, points) {
  const width = Math.max(LEAST_WIDTH, svg.clientWidth);
  const last = points.at(-1);
  const scale = scales(points, width);
  svg.replaceChildren();
  for (const [value, text] of scale.ticks) svg.append(gridLine(value, text, scale));
  svg.append(label(width - PAD.right, HEIGHT - 4, String(last[0]), "end"));
  svg.append(label(PAD.left, HEIGHT - 4, String(points[0][0]), "start"));
  svg.append(node("path", { d: area(points, scale), class: "chart-area" }), node("path", { d: line(points, scale), class: "chart-line" }));
  svg.append(node("circle", { cx: scale.x(last[0]), cy: scale.y(last[1]), r: 2.5, class: "chart-dot" }));
}

function scales(points, width) {
  const values = points.map((point) => point[1]);
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const logarithmic = least > 0 && most > DECADES * least; // else such a curve is an L
  const place = logarithmic ? Math.log10 : (value) => value;
  const low = logarithmic ? Math.floor(place(least)) : Math.min(0, least);
  const high = Math.max(place(most), low + 1e-6);
  const marks = logarithmic ? powers(low, high).map((power) => 10 ** power) : ticks(low, high);
  return {
    ticks: marks.map((value) => [value, number(value)]),
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
