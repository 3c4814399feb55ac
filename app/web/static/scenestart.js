// What a reconstruction brings and how long it takes, before it is started.
import { showDialog } from "./dialog.js";
import { button, disable, h, write } from "./dom.js";
import { runningRound } from "./rounddata.js";
import { startScene, whyNotReconstruct } from "./scenedata.js";
import { on, state } from "./state.js";
import { duration } from "./train.js";

const WAYS = {
  auto: ["Choose for me", "MapAnything where it and a GPU are here, else the built-in one."],
  colmap: ["Built in", "Finds the cameras from what moves between frames, then measures depth. Nothing is downloaded."],
  mapanything: ["MapAnything", "A network that sees all frames at once; best with a GPU."],
  depth: ["Depth frame by frame", "A network guesses each frame’s depth by itself: no relation between frames."],
};

/** Ask how to reconstruct, and start. */
export function askForScene() {
  const backend = h("select", { class: "field", "aria-label": "How to reconstruct" }, Object.entries(WAYS).map(([id, [label]]) => option(id, label)));
  const about = h("p", { class: "hint" });
  const focal = h("input", { class: "field", type: "number", min: "1", step: "any", placeholder: "from the files, else estimated", "aria-label": "Focal length in pixels" });
  const go = button({ icon: "cube", label: "Reconstruct", hint: "Start now", kind: "primary", onclick: () => begin(dialog, backend.value, focal) });
  const tell = () => write(about, WAYS[backend.value][1]);
  backend.addEventListener("change", tell);
  tell();
  const dialog = showDialog({
    title: "Reconstruct in 3D",
    body: h(
      "div",
      { class: "stack" },
      h("p", { text: "Finds out from where each frame was taken and how far away everything in it is. After that, a stroke shows in every frame that sees the same place, and the scene can be looked at in 3D." }),
      h("p", { text: "It needs a camera that moves through the place. Frames that it can’t place stay 2D, each with its reason; labelling and training work there as before." }),
      h("label", { class: "labelled" }, h("span", { text: "How" }), backend),
      about,
      missing(),
      h("details", { class: "settings" }, h("summary", { text: "Advanced" }), h("label", { class: "labelled scene-focal" }, h("span", { text: "Focal length in pixels, where you know it" }), focal)),
      h("p", { class: "scene-cost", text: cost() }),
    ),
    actions: [button({ label: "Not now", hint: "Close", onclick: () => dialog.close() }), go],
  });
  const stop = on("scenes connection", () => disable(go, whyNotReconstruct()));
  dialog.addEventListener("close", stop);
  disable(go, whyNotReconstruct());
}

function option(id, label) {
  const found = state.backends.find((item) => item.name === id);
  const absent = found && !found.ready;
  return h("option", { value: id, text: absent ? `${label} (not installed)` : label, disabled: Boolean(absent) });
}

/** Say how to get what is not here. */
function missing() {
  const absent = state.backends.filter((item) => !item.ready);
  if (!absent.length) return null;
  const lines = absent.map((item) => h("li", {}, h("b", { text: WAYS[item.name]?.[0] ?? item.name }), `: ${item.found}. `, h("span", { text: item.hint ?? "" })));
  return h("details", { class: "settings" }, h("summary", { text: "What is not installed" }), h("ul", { class: "scene-missing" }, lines));
}

function cost() {
  const frames = state.frames.length;
  const round = runningRound();
  const wait = round ? ` Round ${round.number} is at work: this starts when it is done.` : " A round that you train meanwhile goes first.";
  return `About ${duration(state.sceneSeconds)} for ${frames} ${frames === 1 ? "frame" : "frames"} on this machine. You can go on drawing, close the tab, or cancel.${wait}`;
}

async function begin(dialog, backend, focal) {
  const value = focal.value.trim();
  if (!focal.checkValidity()) return focal.reportValidity();
  dialog.close();
  await startScene(backend, value ? { focal: value } : {});
}
