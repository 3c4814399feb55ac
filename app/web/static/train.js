// The card below the palette: start a round and follow it without leaving the canvas.
import { button, disable, fill, h, write } from "./dom.js";
import { cancelRound, ENDED, runningRound, startRound, whyNotTrain } from "./rounddata.js";
import { emit, on, state } from "./state.js";

const PRESETS = { quick: "Quick round, in seconds" };
const preset = h("select", { class: "field", "aria-label": "Kind of round" });
const reason = h("p", { class: "train-reason" });
const start = button({ icon: "play", label: "Train", hint: "Start a round on the strokes of now (T)", kind: "primary", onclick: train });
const cancel = button({ icon: "stop", label: "Cancel", hint: "Stop this round", onclick: () => cancelRound(runningRound().number) });
const stage = h("span", { class: "train-stage" });
const eta = h("span", { class: "train-eta" });
const bar = h("div", { class: "bar", role: "progressbar", "aria-label": "Progress of the round" }, h("span", {}));
const title = h("h2", { text: "Train" });
const body = h("div", { class: "train-body" });
let starting = false;

/** Return the card. */
export function trainCard() {
  on("project", () => {
    if (preset.options.length !== state.project.presets.length) fill(preset, state.project.presets.map((name) => h("option", { value: name, text: PRESETS[name] ?? name })));
  });
  on("project rounds frame connection classes frames", show);
  show();
  return h("section", { class: "panel train" }, h("header", { class: "panel-head" }, title, h("span", { class: "spring" }), stage), body);
}

/** Start a round of the chosen kind, as the button does. */
export async function train() {
  const why = starting ? "The round is being started" : whyNotTrain();
  if (why) return emit("note", why);
  starting = true;
  show();
  await startRound(preset.value || "quick");
  starting = false;
  show();
}

function show() {
  const running = runningRound();
  write(title, running ? `Round ${running.number}` : "Train");
  if (running) return showRunning(running);
  write(stage, "");
  const why = starting ? "Starting…" : whyNotTrain();
  disable(start, why);
  write(reason, why || lastRound());
  reason.classList.toggle("is-problem", lastFailed() && !why);
  if (body.firstChild !== preset) fill(body, preset, reason, h("div", { class: "train-actions" }, start));
}

function lastFailed() {
  return ["failed", "interrupted"].includes(state.rounds[0]?.state);
}

function lastRound() {
  const last = state.rounds[0];
  if (!last) return "The first predictions come in seconds. You can go on drawing meanwhile.";
  if (last.state === "failed") return `Round ${last.number} failed: ${last.error}`;
  if (last.state === "interrupted") return `Round ${last.number} was interrupted. Resume it under Rounds.`;
  if (last.state === "cancelled") return `Round ${last.number} was cancelled.`;
  const score = last.scores?.miou == null ? "" : `, mIoU ${percent(last.scores.miou)}`;
  if (last.number !== state.activeRound) return `Round ${last.number} is done${score}. Compare and activate it under Rounds.`;
  const behind = last.strokes_behind;
  return `Round ${last.number} is shown${score}. ${behind ? `${behind} newer ${behind === 1 ? "stroke waits" : "strokes wait"} for a round.` : "It knows every stroke."}`;
}

function showRunning(round) {
  const part = round.total ? Math.min(1, round.done / round.total) : 0;
  write(stage, stageName(round));
  bar.firstChild.style.transform = `scaleX(${part})`;
  bar.classList.toggle("waiting", !round.total);
  bar.setAttribute("aria-valuenow", String(Math.round(100 * part)));
  write(eta, etaText(round));
  if (body.firstChild !== bar) fill(body, bar, eta, h("div", { class: "train-actions" }, cancel));
}

/** Return what a round or a scene does, for people. */
export function stageName(round) {
  if (round.state === "queued") return "Waiting for a worker";
  if (ENDED.includes(round.state)) return round.state;
  return round.stage || "Starting";
}

/** Return how far a round or a scene is and how long it still takes. */
export function etaText(round) {
  if (round.state === "queued") return whenItStarts();
  const left = round.eta_seconds == null ? "" : ` · ${duration(round.eta_seconds)} left`;
  return round.total ? `${round.done} of ${round.total}${left}` : "Preparing";
}

function whenItStarts() {
  if (!state.worker) return "No worker is running";
  const scene = state.scenes.find((item) => item.state === "running");
  if (scene) return `Starts in a moment: scene ${scene.number} makes way`;
  const round = state.rounds.find((item) => item.state === "running");
  return round ? `Starts after round ${round.number}: one thing at a time` : "Starts in a moment";
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
