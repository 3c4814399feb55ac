// The 3D card at the right: start a reconstruction, follow it, and see what it brought.
import { conflictsPart } from "./conflicts.js";
import { button, disable, fill, h, write } from "./dom.js";
import { cancelScene, resumeScene, runningScene, usedScene, whyNotReconstruct } from "./scenedata.js";
import { showReport } from "./scenereport.js";
import { askForScene } from "./scenestart.js";
import { sceneStrip } from "./scenestrip.js";
import { on, state } from "./state.js";
import { etaText, stageName } from "./train.js";

const note = h("span", { class: "count" });
const report = button({ icon: "info", hint: "Report and history of the reconstructions", kind: "quiet", onclick: showReport });
const again = button({ icon: "plus", hint: "Reconstruct once more, with other settings", kind: "quiet", onclick: askForScene });
const start = button({ icon: "cube", label: "Reconstruct in 3D", hint: "Find out how the frames hang together in space", onclick: askForScene });
const cancel = button({ icon: "stop", hint: "Cancel the reconstruction", kind: "quiet small", onclick: () => cancelScene(runningScene().number) });
const resume = button({ icon: "play", label: "Resume", hint: "Go on where it stopped: finished frames are kept", kind: "small", onclick: () => resumeScene(state.scenes[0].number) });
const teach = h("p", { class: "hint", text: "Find out where each frame was taken: a stroke then shows in every frame that sees the same place." });
const strip = sceneStrip(usedScene).element;
const figures = h("button", { type: "button", class: "scene-figures", title: "Open the report", onclick: showReport });
const bar = h("div", { class: "bar", role: "progressbar", "aria-label": "Progress of the reconstruction" }, h("span", {}));
const progress = h("span", { class: "scene-progress" });
const work = h("div", { class: "scene-work" }, bar, h("div", { class: "scene-line" }, progress, cancel));
const trouble = h("p", { class: "scene-trouble", role: "alert" });
const stopped = h("div", { class: "scene-stopped" }, trouble, resume);
const conflicts = conflictsPart();
const body = h("div", { class: "scene-body" });

/** Return the card. */
export function sceneCard() {
  on("scenes rounds frames project connection", show);
  show();
  return h("section", { class: "panel scene-card" }, h("header", { class: "panel-head" }, h("h2", { text: "3D" }), note, h("span", { class: "spring" }), again, report), body);
}

function show() {
  const [running, used, last] = [runningScene(), usedScene(), state.scenes[0]];
  const why = whyNotReconstruct();
  disable(start, why);
  disable(again, why);
  report.hidden = !state.scenes.length;
  again.hidden = !used || Boolean(running);
  write(note, running ? stageName(running) : used ? `scene ${used.number}` : "");
  if (running) showWork(running);
  const halted = !running && last && ["failed", "interrupted", "cancelled"].includes(last.state);
  if (halted) showStop(last);
  if (used) showFigures(used.report);
  const parts = [used && strip, used && figures, used && conflicts, running && work, halted && stopped, !used && !running && teach, !used && !running && start];
  arrange(parts.filter(Boolean));
}

/** Put the parts in without taking out what stays: a button keeps its focus. */
function arrange(parts) {
  if (parts.length !== body.children.length || parts.some((part, place) => body.children[place] !== part)) fill(body, parts);
}

function showWork(scene) {
  const part = scene.total ? Math.min(1, scene.done / scene.total) : 0;
  bar.firstChild.style.transform = `scaleX(${part})`;
  bar.classList.toggle("waiting", !scene.total);
  bar.setAttribute("aria-valuenow", String(Math.round(100 * part)));
  write(progress, etaText(scene));
  progress.title = progress.textContent;
  disable(cancel, state.online === false ? "The server is away" : "");
}

function showStop(scene) {
  const words = { failed: `Scene ${scene.number} failed: ${scene.error}`, interrupted: `Scene ${scene.number} was interrupted.`, cancelled: `Scene ${scene.number} was cancelled.` };
  write(trouble, words[scene.state]);
  trouble.title = words[scene.state];
  trouble.classList.toggle("is-problem", scene.state === "failed");
}

function showFigures(found) {
  const { registered, total } = found.frames;
  const frames = registered === total ? `all ${total}` : `${registered} of ${total}`;
  write(figures, registered ? `Depth in ${frames} frames, ${Math.round(100 * found.coverage)} % of pixels` : `All ${total} frames stay 2D: why?`);
}
