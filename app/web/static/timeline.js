// The strip below the canvas: all frames in a row, with strokes, predictions and the playhead.
import { button, h, oncePerPaint, write } from "./dom.js";
import { clock, reserveButton } from "./framelist.js";
import { showFrame, step } from "./playhead.js";
import { on, shownRound, state } from "./state.js";

const canvas = h("canvas", { class: "timeline-canvas", role: "slider", tabIndex: -1, "aria-label": "Timeline" });
const track = h("div", { class: "timeline-track" }, canvas);
const place = h("span", { class: "timeline-place" });

/** Return the strip. */
export function timeline() {
  track.addEventListener("pointerdown", (event) => (track.setPointerCapture(event.pointerId), seek(event)));
  track.addEventListener("pointermove", (event) => event.buttons & 1 && seek(event));
  new ResizeObserver(draw).observe(track);
  on("frames frame selected rounds prefs", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return h(
    "footer",
    { class: "timeline" },
    button({ icon: "left", hint: "Previous frame (A or left arrow)", kind: "quiet", onclick: () => step(-1) }),
    place,
    button({ icon: "right", hint: "Next frame (D or right arrow)", kind: "quiet", onclick: () => step(1) }),
    track,
    reserveButton(),
  );
}

function seek(event) {
  const box = track.getBoundingClientRect();
  const along = Math.min(0.9999, Math.max(0, (event.clientX - box.left) / box.width));
  const frame = state.frames[Math.floor(along * state.frames.length)];
  if (frame && frame.id !== state.selected) showFrame(frame.id);
}

const draw = oncePerPaint(() => {
  showPlace();
  const { clientWidth: width, clientHeight: height } = track;
  if (!width || !state.frames.length) return;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const pen = canvas.getContext("2d");
  pen.scale(devicePixelRatio, devicePixelRatio);
  const style = getComputedStyle(track);
  const colour = (name) => style.getPropertyValue(name).trim();
  const cell = width / state.frames.length;
  const stale = shownRound()?.strokes_behind > 0;
  drawPredictions(pen, { cell, height, colour: colour(stale ? "--warn" : "--good") });
  drawStrokes(pen, { cell, height, colour: colour("--accent"), reserved: colour("--muted") });
  drawPlayhead(pen, { cell, height, colour: colour("--text") });
});

function drawPredictions(pen, { cell, height, colour }) {
  pen.fillStyle = colour;
  pen.globalAlpha = 0.75;
  const gap = cell > 4 ? 1 : 0;
  state.frames.forEach((frame, index) => {
    if (frame.predicted !== null) pen.fillRect(index * cell, height - 4, cell - gap, 2.5);
  });
  pen.globalAlpha = 1;
}

function drawStrokes(pen, { cell, height, colour, reserved }) {
  const width = Math.max(2, Math.min(cell - 1, 12));
  state.frames.forEach((frame, index) => {
    if (!frame.strokes && !frame.reserved) return;
    pen.fillStyle = frame.reserved ? reserved : colour;
    const tall = 4 + Math.min(1, frame.strokes / 12) * (height - 16);
    pen.fillRect(index * cell + (cell - width) / 2, height - 7 - tall, width, tall);
  });
}

function drawPlayhead(pen, { cell, height, colour }) {
  const index = state.frameIndex.get(state.selected) ?? 0;
  const x = index * cell + cell / 2;
  pen.fillStyle = colour;
  pen.fillRect(Math.round(x) - 0.75, 2, 1.5, height - 4);
  pen.beginPath();
  pen.arc(Math.round(x), 4.5, 3.5, 0, 2 * Math.PI);
  pen.fill();
}

function showPlace() {
  const frame = state.frameById.get(state.selected);
  const index = state.frameIndex.get(state.selected) ?? 0;
  const time = frame?.timestamp == null ? "" : ` · ${clock(frame.timestamp)}`;
  write(place, frame ? `${index + 1} / ${state.frames.length}${time}` : "–");
  canvas.setAttribute("aria-valuenow", String(index + 1));
  canvas.setAttribute("aria-valuemin", "1");
  canvas.setAttribute("aria-valuemax", String(state.frames.length));
}
