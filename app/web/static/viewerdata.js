// The view in 3D as this tab has it: asked for, followed, told what the canvas shows.
import { post } from "./api.js";
import { clientName } from "./queue.js";
import { usedScene } from "./scenedata.js";
import { change, emit, on, prefer, prefs, state } from "./state.js";

const LOOK_WAIT_MS = 120; // a slider that moves is told several times a second
const FIRST_LOOK = { colouring: "strokes", confidence: 0.05, reach: 1, size: 1, cameras: true };
const CLOSED = { state: "closed", line: "" };
let lookTimer = 0;
let asked = false; // the server knows that this tab looks

/** Return how the scene is looked at in this browser. */
export function chosenLook() {
  return { ...FIRST_LOOK, ...prefs.view3dLook };
}

/** Look at the scene differently. */
export function chooseLook(fields) {
  prefer({ view3dLook: { ...chosenLook(), ...fields } });
  tellLook();
}

/** Open the view in 3D beside the canvas, or close it. */
export function toggleViewer() {
  prefer({ view3d: !prefs.view3d });
}

/** Look at another piece of the reconstruction. */
export function choosePiece(piece) {
  act("look", { piece });
}

/** Follow the canvas, the classes and the theme from now on. */
export function followViewer() {
  state.view3d = CLOSED;
  on("prefs", (fields) => "view3d" in fields && check());
  on("tab scenes", check);
  on("connection", () => state.online && (asked = false, check()));
  on("shown", () => asked && act("look", { frame: state.shown }));
  on("hidden-classes", tellLook);
  on("live:viewer", ({ kind, ...status }) => take(status));
  document.addEventListener("visibilitychange", check);
  new MutationObserver(tellLook).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** Say whether the view is wanted and in sight. */
function wanted() {
  return Boolean(prefs.view3d) && state.tab === "annotate" && !document.hidden && Boolean(usedScene());
}

function check() {
  if (wanted() && !asked) open();
  else if (asked && (!prefs.view3d || !usedScene())) close();
  emit("view3d");
}

async function open() {
  asked = true;
  await act("open", { frame: state.shown, appearance: appearance() });
}

function close() {
  asked = false;
  change("view3d", { view3d: CLOSED });
  post("viewer/close", { client: clientName() }).catch((error) => {
    if (!error.offline) emit("trouble", `The 3D view was not closed: ${error.message}.`);
  });
}

function tellLook() {
  clearTimeout(lookTimer);
  lookTimer = setTimeout(() => asked && act("appearance", { appearance: appearance() }), LOOK_WAIT_MS);
}

function appearance() {
  const dark = document.documentElement.dataset.theme === "dark";
  return { ...chosenLook(), hidden: [...state.hiddenClasses], dark };
}

async function act(what, body) {
  try {
    take(await post(`viewer/${what}`, { client: clientName(), ...body }));
  } catch (error) {
    if (error.offline) return; // asked for again when the server is back
    if (error.status === 409 && what !== "open" && asked) return open(); // another server by now
    take({ state: "failed", line: error.message });
  }
}

function take(status) {
  if (asked) change("view3d", { view3d: status });
}
