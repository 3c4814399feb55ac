// The view in 3D beside the canvas: a frame with the scene, and what there is to choose about it.
import { button, fill, h, icon, write } from "./dom.js";
import { clientName } from "./queue.js";
import { runningScene, usedScene } from "./scenedata.js";
import { askForScene } from "./scenestart.js";
import { on, prefs, state } from "./state.js";
import { viewerControls } from "./viewercontrols.js";
import { chosenLook, followViewer, toggleViewer } from "./viewerdata.js";
import { followSpots } from "./viewerspot.js";

const frame = h("iframe", { class: "viewer-frame", title: "The scene in 3D", hidden: true });
const message = h("div", { class: "viewer-message", role: "status" });
const note = h("div", { class: "note viewer-note", hidden: true });
const LOOK_AGAIN_MS = 100;
const MOST_BLANK_MS = 30_000; // then there is nothing to say about it any more
let loaded = 0; // generation of the viewer's process that the frame shows; 0 for none
let blank = false; // the frame has drawn no point yet

/** Return the button that opens and closes the view. */
export function viewerToggle() {
  const element = button({ icon: "cube", label: "3D", hint: "The scene in 3D beside the canvas (V)", kind: "quiet view3d-toggle", onclick: toggleViewer });
  const show = () => element.setAttribute("aria-pressed", String(Boolean(prefs.view3d)));
  on("prefs", show);
  show();
  return element;
}

/** Return the panel. */
export function viewerPanel() {
  followViewer();
  followSpots();
  on("view3d scenes project connection prefs rounds frame", show);
  frame.addEventListener("load", passKeysOn);
  show();
  const close = button({ icon: "close", hint: "Close the 3D view (V)", kind: "quiet small", onclick: toggleViewer });
  return h("section", { class: "viewer", "aria-label": "The scene in 3D" }, viewerControls(close), h("div", { class: "viewer-body" }, frame, message, note));
}

function show() {
  const status = state.view3d;
  load(status.generation ?? 0);
  const text = messageFor(status);
  message.hidden = !text;
  if (text) fill(message, text);
  const remark = status.state === "ready" && !text ? remarkOn(status) : "";
  note.hidden = !remark;
  write(note, remark);
}

function remarkOn(status) {
  if (blank) return "Drawing the points…";
  if (chosenLook().colouring === "prediction" && state.frames.every((frame) => frame.predicted === null)) return "No round has predicted anything yet: train one";
  return !status.registered && state.shown !== null ? "The open frame is not part of this scene" : "";
}

/** Load the scene's page where another process serves it now; take it out where none does. */
function load(generation) {
  if (generation === loaded) return;
  loaded = generation;
  frame.hidden = !generation;
  if (generation) awaitPoints(generation);
  const url = new URL(`../viewer/${clientName()}/`, import.meta.url);
  url.searchParams.set("hideViserLogo", "");
  url.searchParams.set("of", generation);
  if (generation) frame.src = url.href;
  else frame.removeAttribute("src");
}

/** The page is white until its points have come: say so meanwhile. */
async function awaitPoints(generation) {
  blank = true;
  const until = performance.now() + MOST_BLANK_MS;
  do await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  while (generation === loaded && !pointsDrawn() && performance.now() < until);
  if (generation !== loaded) return; // closed, or another process's turn
  blank = false;
  show();
}

/** viser tells what it has drawn, for its own tests. */
function pointsDrawn() {
  return frame.contentWindow?.__viserTestpoints?.rendererInfo.render.points > 0;
}

function messageFor(status) {
  if (!usedScene()) return nothingYet();
  if (status.line) return [icon("warning"), h("p", { text: status.line }), spinner(status.state === "starting")];
  if (status.state === "starting") return waiting("Starting the 3D view");
  if (status.state === "loading") return waiting("Reading the scene");
  if (status.state === "closed") return waiting("Opening the 3D view");
  if (!status.points) return [icon("cube"), h("p", { text: "This scene has no point with a depth." })];
  return null;
}

function waiting(text) {
  return [spinner(true), h("p", { text })];
}

function spinner(turning) {
  return turning ? h("span", { class: "spinner" }) : null;
}

function nothingYet() {
  if (runningScene()) return [spinner(true), h("h3", { text: "Being reconstructed" }), h("p", { text: "The scene shows here as soon as it is done; its progress is at the right." })];
  const start = button({ icon: "cube", label: "Reconstruct in 3D", kind: "primary", onclick: askForScene });
  return [icon("cube"), h("h3", { text: "No scene yet" }), h("p", { text: "Reconstruct the frames in 3D: every stroke then shows here, and in all frames that see the same place." }), start];
}

/** The key that opened the view closes it, also where the scene has the focus. */
function passKeysOn() {
  frame.contentWindow?.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "v" && !event.ctrlKey && !event.metaKey && !event.altKey) toggleViewer();
  });
}
