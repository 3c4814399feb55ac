// Rounds as the page knows them: loaded, followed live, started and stopped.
import { get, post } from "./api.js";
import { saved } from "./queue.js";
import { change, emit, on, state } from "./state.js";

export const ENDED = ["done", "cancelled", "interrupted", "failed"];
const AGAIN_MS = 2000; // after a load that failed
const AFTER_STROKES_MS = 400;
const curves = new Map(); // round number -> {series: [[step, value], ...]}
const asked = new Map(); // round number -> {stale, arrived}: of the curves that are on their way
let timer = 0;
let turn = 0;

/** Load the history of rounds. */
export async function loadRounds() {
  turn += 1;
  const mine = turn;
  const answer = await get("rounds");
  if (mine !== turn) return;
  change("rounds", { rounds: answer.rounds, activeRound: answer.active });
}

/** Return the round that waits or runs, or undefined. */
export function runningRound() {
  return state.rounds.find((round) => !ENDED.includes(round.state));
}

/** Return why no round can be started now, or an empty string. */
export function whyNotTrain() {
  if (state.online === false) return "The server is away";
  if (!state.project) return "The project is loading";
  const running = runningRound();
  if (running) return `Round ${running.number} is still at work`;
  if (!state.classes.length) return "Add classes and draw strokes first";
  if (!state.frames.some((frame) => frame.strokes && !frame.reserved)) return "Draw strokes of two classes or more first";
  if (!state.worker) return "No worker is running: start one with rewis3d worker";
  return "";
}

/** Start a round on the labels of now; strokes on their way are saved first. */
export async function startRound(preset) {
  await act(async () => {
    await saved();
    await post("rounds", { preset, frame: state.shown, settings: {} });
  }, "Round not started");
}

export const cancelRound = (number) => act(() => post(`rounds/${number}/cancel`), "Round not cancelled");
export const resumeRound = (number) => act(() => post(`rounds/${number}/resume`), "Round not resumed");

/** Make a round the one whose predictions are shown. */
export async function activateRound(number) {
  await act(() => post(`rounds/${number}/activate`), "Round not activated");
  change("overlay", { previewRound: null });
}

/** Look at a round's predictions without making it the active one; null ends it. */
export function previewRound(number) {
  change("overlay", { previewRound: number });
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
  if (event.run_kind === "reconstruct") return; // scenedata.js
  const round = state.rounds.find((item) => item.run === event.run);
  if (!round) return soon(0);
  const turned = round.state !== event.state;
  const { state: now, stage, done, total, eta_seconds } = event;
  Object.assign(round, { state: now, stage, done, total, eta_seconds });
  if (turned) {
    forget(round.number); // whole again, also where a resumed round went back a little
    soon(0);
  }
  emit("rounds");
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
