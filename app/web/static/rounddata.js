// Rounds as the page knows them: loaded, followed live, started and stopped.
import { get, post } from "./api.js";
import { isFull } from "./kinds.js";
import { saved } from "./queue.js";
import { change, emit, on, state } from "./state.js";

export const ENDED = ["done", "cancelled", "interrupted", "failed"];
const AGAIN_MS = 2000; // after a load that failed
const AFTER_STROKES_MS = 400;
const curves = new Map(); // round number -> {series: [[step, value], ...]}
const asked = new Map(); // round number -> {stale, arrived}: of the curves that are on their way
const finished = new Set(); // numbers of rounds that ended while this page was open, until that is told
let timer = 0;
let turn = 0;

/** Load the history of rounds. */
export async function loadRounds() {
  turn += 1;
  const mine = turn;
  const answer = await get("rounds");
  if (mine !== turn) return;
  change("rounds", { rounds: answer.rounds, activeRound: answer.active });
  for (const round of state.rounds) if (finished.delete(round.number)) emit("round-done", round);
}

/** Return the round that waits or runs, or undefined; of two the one that goes first. */
export function runningRound() {
  const underWay = state.rounds.filter((round) => !ENDED.includes(round.state));
  return underWay.find((round) => !isFull(round)) ?? underWay.find((round) => round.state === "running") ?? underWay.at(-1);
}

/** Return why no quick round can be started now, or an empty string: a full one makes way for it. */
export function whyNotTrain() {
  return whyNot((round) => !isFull(round));
}

/** Return why no full round can be started now, or an empty string. */
export function whyNotTrainFull() {
  return whyNot(isFull);
}

function whyNot(sameKind) {
  if (state.online === false) return "The server is away";
  if (!state.project) return "The project is loading";
  const running = state.rounds.find((round) => sameKind(round) && !ENDED.includes(round.state));
  if (running) return `Round ${running.number} is still at work`;
  if (!state.classes.length) return "Add classes and draw strokes first";
  if (!state.frames.some((frame) => frame.strokes && !frame.reserved)) return "Draw strokes of two classes or more first";
  if (!state.worker) return "No worker is running: start one with rewis3d worker";
  return "";
}

/** Start a round on the labels of now; strokes on their way are saved first. */
export async function startRound(preset, { settings = {}, useIfBetter = false } = {}) {
  await act(async () => {
    await saved();
    await post("rounds", { preset, frame: state.shown, settings, use_if_better: useIfBetter });
  }, "Round not started");
}

export const cancelRound = (number) => act(() => post(`rounds/${number}/cancel`), "Round not cancelled");

/** Go on with a round where it stopped; with its scene first, where that was given up. */
export async function resumeRound(number) {
  await act(async () => {
    const scene = sceneGivenUp(state.rounds.find((round) => round.number === number));
    if (scene) await post(`scene/${scene.number}/resume`);
    await post(`rounds/${number}/resume`);
  }, "Round not resumed");
}

/** Return the scene that a round learns with where it was cancelled or has failed, or undefined. */
export function sceneGivenUp(round) {
  const scene = state.scenes.find((item) => item.number === round?.scene);
  return ["cancelled", "failed"].includes(scene?.state) ? scene : undefined;
}

/** Return the scene that a round waits for, or undefined. */
export function sceneAwaited(round) {
  return state.scenes.find((item) => item.number === round.waits_for_scene);
}

/** Make a round the one whose predictions are shown. */
export async function activateRound(number) {
  await act(() => post(`rounds/${number}/activate`), "Round not activated");
  change("overlay", { previewRound: null, swipe: null });
}

/** Look at a round's predictions without making it the active one; null ends it. */
export function previewRound(number) {
  change("overlay", { previewRound: number, swipe: null });
  emit("rounds");
}

async function act(request, failure) {
  try {
    await request();
    await loadRounds();
  } catch (error) {
    emit("trouble", `${failure}: ${error.message}.`);
  }
}

/** Return a promise of a round's curves. */
export async function curvesOf(number) {
  while (!curves.has(number)) await (asked.get(number) ?? ask(number)).arrived;
  return curves.get(number);
}

/** Ask for a round's curves: one question at a time, so that no older answer comes after a newer one. */
function ask(number) {
  const answer = { stale: false };
  answer.arrived = take(number, answer).finally(() => asked.delete(number));
  asked.set(number, answer);
  return answer;
}

async function take(number, answer) {
  const { series } = await get(`rounds/${number}/points`);
  if (!answer.stale) curves.set(number, series); // else a notice overtook it
}

/** Have curves loaded again, those too that are on their way. */
function forget(number) {
  curves.delete(number);
  if (asked.has(number)) asked.get(number).stale = true;
}

function followRun(event) {
  if (event.run_kind === "export") return emit("export-run", event);
  if (event.run_kind === "reconstruct") return followScene(event);
  const round = state.rounds.find((item) => item.run === event.run);
  if (!round) return soon(0);
  const turned = round.state !== event.state;
  const { state: now, stage, done, total, eta_seconds } = event;
  Object.assign(round, { state: now, stage, done, total, eta_seconds });
  if (turned) {
    if (now === "done") finished.add(round.number);
    forget(round.number); // whole again, also where a resumed round went back a little
    soon(0);
  }
  emit("rounds");
}

/** A scene that is over lets the rounds go on that waited for it; scenedata.js does the rest. */
function followScene(event) {
  if (ENDED.includes(event.state) && state.rounds.some((round) => round.waits_for_scene !== null)) soon(0);
}

function followPoint({ run, series, step, value }) {
  const round = state.rounds.find((item) => item.run === run);
  if (!round) return;
  const known = curves.get(round.number);
  if (!known) return forget(round.number);
  known[series] ??= [];
  if ((known[series].at(-1)?.[0] ?? -1) >= step) return; // was in the answer that gave the curve
  known[series].push([step, value]);
  emit("curves", round.number);
}

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => loadRounds().catch(() => soon(AGAIN_MS)), milliseconds);
}

/** Follow the worker's notices and what makes rounds stale. */
export function followRounds() {
  on("live:run", followRun);
  on("live:point", followPoint);
  on("live:active live:class live:worker", () => soon(0)); // a worker that died leaves a round behind
  on("live:stroke acknowledged labels-changed", () => soon(AFTER_STROKES_MS));
  on("resync", () => ([...curves.keys(), ...asked.keys()].forEach(forget), soon(0)));
}
