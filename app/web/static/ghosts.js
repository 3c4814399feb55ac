// Strokes of other frames where they land in the shown one: hatched, on a layer of their own.
import { address } from "./api.js";
import { stage, viewport } from "./canvas.js";
import { button, disable, h } from "./dom.js";
import { hatched } from "./hatching.js";
import { flatReason, runningScene, usedScene } from "./scenedata.js";
import { on, prefer, prefs, state } from "./state.js";

const worker = new Worker(new URL("ghost_worker.js", import.meta.url), { type: "module" });
const layer = h("canvas", { class: "layer ghosts" });
const pen = layer.getContext("2d");
const asked = new Map(); // request number -> resolve
let requests = 0;
let held = null; // {frame, bitmap, box, width, height}
let wanted = null; // "read" or "colour": what is to be done anew
let working = false;
let shownScene; // number of the scene that was asked about last
let clean = true; // nothing is on the layer

worker.onmessage = ({ data }) => {
  asked.get(data.request)(data.answer);
  asked.delete(data.request);
};

/** Return whether an answer is awaited. */
export function ghostsBusy() {
  return working;
}

/** Show strokes of other frames, or no longer; the browser remembers. */
export function toggleGhosts() {
  prefer({ ghosts: !prefs.ghosts });
}

/** Return the button that shows and hides them. */
export function ghostsToggle() {
  const element = button({ icon: "ghosts", hint: "Strokes of other frames where they land in this one, hatched (G)", kind: "quiet ghosts-toggle", onclick: toggleGhosts });
  const show = () => {
    element.setAttribute("aria-pressed", String(prefs.ghosts));
    const way = runningScene() ? "it is being made" : "reconstruct in 3D first";
    disable(element, usedScene() ? "" : `Strokes show in other frames once there is a scene: ${way}`);
  };
  on("prefs scenes", show);
  show();
  return element;
}

/** Begin to show them. */
export function openGhosts() {
  stage.querySelector(".layer.ink").before(layer);
  stage.addEventListener("view", paint);
  on("shown live:stroke live:class live:frames live:scene resync", () => refresh("read"));
  on("scenes", () => shownScene !== usedScene()?.number && refresh("read")); // not for each step of one that is being made
  on("connection", () => state.online && refresh("read"));
  on("classes hidden-classes", () => refresh("colour"));
  on("prefs", (fields) => "ghosts" in fields && (paint(), refresh("read")));
}

function refresh(what) {
  if (wanted !== "read") wanted = what;
  if (!working) work();
}

/** Ask until nothing is wanted any more: one question at a time, always about the shown frame. */
async function work() {
  working = true;
  while (wanted) {
    const known = wanted === "colour";
    wanted = null;
    const frame = state.shown;
    shownScene = usedScene()?.number;
    if (frame === null || !prefs.ghosts || !usedScene() || flatReason(frame)) {
      hold(null);
      continue;
    }
    const answer = await ask({ frame, known, address: address(`frames/${frame}/ghosts.png`), colours: colours() });
    if (answer && frame === state.shown) hold({ frame, ...answer });
    else answer?.bitmap?.close();
  }
  working = false;
}

function ask(message) {
  requests += 1;
  const request = requests;
  return new Promise((resolve) => {
    asked.set(request, resolve);
    worker.postMessage({ ...message, request });
  });
}

/** Return RGBA values (little endian) by class id; 0 for classes that are hidden or gone. */
function colours() {
  const values = new Uint32Array(256);
  for (const { id, colour } of state.classes) {
    if (state.hiddenClasses.has(id)) continue;
    const value = parseInt(colour.slice(1), 16);
    values[id] = ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  }
  return values;
}

function hold(answer) {
  held?.bitmap?.close();
  held = answer;
  paint();
}

/** Paint what is held, where it belongs to the shown frame: before the next one's answer is here, nothing. */
function paint() {
  const width = Math.round(stage.clientWidth * devicePixelRatio);
  const height = Math.round(stage.clientHeight * devicePixelRatio);
  if (!width || !height) return; // a hidden tab
  if (layer.width !== width || layer.height !== height) Object.assign(layer, { width, height });
  else if (!clean) pen.clearRect(0, 0, width, height);
  clean = true;
  if (!prefs.ghosts || held?.frame !== state.shown || !held?.bitmap) return;
  clean = false;
  const { x, y, scale, image } = viewport;
  hatched(pen, held.bitmap, place(held, { x, y, width: image.width * scale, height: image.height * scale }), { x, y });
}

/** Return where the labels' box lies in the stage; the grid covers the whole image. */
function place({ box, width, height }, image) {
  const [across, down] = [image.width / width, image.height / height];
  return { x: image.x + box.x * across, y: image.y + box.y * down, width: box.width * across, height: box.height * down };
}
