// The card below the palette: start a round and follow it without leaving the canvas.
import { button, disable, fill, h, write } from "./dom.js";
import { isFull, stageWords } from "./kinds.js";
import { cancelRound, ENDED, runningRound, sceneAwaited, sceneGivenUp, startRound, whyNotTrain, whyNotTrainFull } from "./rounddata.js";
import { askForRound } from "./roundstart.js";
import { emit, on, state } from "./state.js";
import { notice } from "./verdicts.js";

const reason = h("p", { class: "train-reason" });
const start = button({ icon: "play", label: "Train", hint: "Start a quick round on the strokes of now (T)", kind: "primary", onclick: train });
const full = button({ label: "Full round…", hint: "Learn in 2D and 3D in the background, in minutes (⇧T)", onclick: askForRound });
const cancel = button({ icon: "stop", label: "Cancel", hint: "Stop this round", onclick: () => cancelRound(runningRound().number) });
const stage = h("span", { class: "train-stage" });
const eta = h("span", { class: "train-eta" });
const bar = h("div", { class: "bar", role: "progressbar", "aria-label": "Progress of the round" }, h("span", {}));
const title = h("h2", { text: "Train" });
const actions = h("div", { class: "train-actions" });
const body = h("div", { class: "train-body" });
let starting = false;

/** Return the card. */
export function trainCard() {
  on("project rounds scenes frame connection classes frames", show);
  on("round-done", (round) => notice(round) && emit("note", notice(round)));
  show();
  return h("section", { class: "panel train" }, h("header", { class: "panel-head" }, title, h("span", { class: "spring" }), stage), body);
}

/** Start a quick round, as the button does. */
export async function train() {
  const why = starting ? "The round is being started" : whyNotTrain();
  if (why) return emit("note", why);
  starting = true;
  show();
  await startRound("quick");
  starting = false;
  show();
}

function show() {
  const running = runningRound();
  write(title, running ? `Round ${running.number}${isFull(running) ? ", full" : ""}` : "Train");
  const why = starting ? "Starting…" : whyNotTrain();
  disable(start, why);
  disable(full, whyNotTrainFull());
  if (running) return showRunning(running);
  write(stage, "");
  write(reason, why || lastRound());
  reason.classList.toggle("is-problem", lastFailed() && !why);
  arrange([reason, actions], [start, full]);
}

/** Put parts and buttons in without taking out what stays: a button keeps its focus. */
function arrange(parts, buttons) {
  for (const [element, children] of [[body, parts], [actions, buttons]]) {
    if (children.length !== element.children.length || children.some((child, place) => element.children[place] !== child)) fill(element, children);
  }
}

function lastFailed() {
  return ["failed", "interrupted"].includes(state.rounds[0]?.state);
}

function lastRound() {
  const last = state.rounds[0];
  if (!last) return "The first predictions come in seconds. You can go on drawing meanwhile.";
  if (last.state === "failed") return `Round ${last.number} failed: ${whyFailed(last)}`;
  if (last.state === "interrupted") return `Round ${last.number} was interrupted. ${last.goes_on ? "A worker goes on with it as soon as there is one." : "Resume it under Rounds."}`;
  if (last.state === "cancelled") return `Round ${last.number} was cancelled.`;
  const score = last.scores?.miou == null ? "" : `, mIoU ${percent(last.scores.miou)}`;
  if (last.number !== state.activeRound) return `Round ${last.number} is done${score}. Compare and activate it under Rounds.`;
  const behind = last.strokes_behind;
  return `Round ${last.number} is shown${score}. ${behind ? `${behind} newer ${behind === 1 ? "stroke waits" : "strokes wait"} for a round.` : "It knows every stroke."}`;
}

/** Return what a failed round died of, and what to do where its scene was given up. */
export function whyFailed(round) {
  const scene = sceneGivenUp(round);
  if (!scene) return round.error ?? "it did not say why";
  const why = scene.state === "failed" ? `failed (${scene.error})` : "was cancelled";
  return `its scene ${scene.number} ${why}. Resume under Rounds goes on with both.`;
}

function showRunning(round) {
  const part = round.total ? Math.min(1, round.done / round.total) : 0;
  write(stage, stageName(round));
  bar.firstChild.style.transform = `scaleX(${part})`;
  bar.classList.toggle("waiting", !round.total);
  bar.setAttribute("aria-valuenow", String(Math.round(100 * part)));
  write(eta, etaText(round));
  arrange([bar, eta, actions], isFull(round) ? [start, cancel] : [cancel]);
}

/** Return what a round or a scene does, for people. */
export function stageName(round) {
  if (round.waits_for_scene) return "Waiting";
  if (round.state === "queued") return "Waiting for a worker";
  if (ENDED.includes(round.state)) return round.state;
  return round.stage ? stageWords(round.stage) : "Starting";
}

/** Return how far a round or a scene is and how long it still takes. */
export function etaText(round) {
  if (round.waits_for_scene) return sceneText(round);
  if (round.state === "queued") return whenItStarts(round);
  const left = round.eta_seconds == null ? "" : ` · ${duration(round.eta_seconds)} left`;
  if (!round.total) return round.done ? `step ${round.done}, finding out how long one takes` : "Preparing";
  return `${round.done} of ${round.total}${left}`;
}

/** Return how far the scene is that a round waits for. */
function sceneText(round) {
  const scene = sceneAwaited(round);
  const part = scene?.total ? `${stageWords(scene.stage)}, ${Math.floor((100 * scene.done) / scene.total)} % done` : (scene?.state ?? "");
  return `Waits for scene ${round.waits_for_scene}${part ? `: ${part}` : ""}`;
}

function whenItStarts(waiting) {
  if (!state.worker) return "No worker is running";
  const quick = waiting.preset && !isFull(waiting); // what takes minutes makes way for it
  const scene = state.scenes.find((item) => item.state === "running");
  const round = state.rounds.find((item) => item.state === "running" && !(quick && isFull(item)));
  const before = scene && !quick ? `scene ${scene.number}` : round ? `round ${round.number}` : "";
  if (before) return `Starts after ${before}: one thing at a time`;
  return scene ? `Starts in a moment: scene ${scene.number} makes way` : "Starts in a moment";
}

/** Return a fraction as percent with one decimal. */
export function percent(fraction) {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** Return seconds as people say them. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
