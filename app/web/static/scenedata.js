// Scenes as the page knows them: loaded, followed live, started, stopped and chosen.
import { get, post } from "./api.js";
import { ENDED } from "./rounddata.js";
import { change, emit, on, state } from "./state.js";

const AGAIN_MS = 2000; // after a load that failed
let timer = 0;
let turn = 0;
let known = new Map(); // frame id -> its row in the report of the scene that is used

/** Load all scenes, and what can reconstruct here. */
export async function loadScenes() {
  turn += 1;
  const mine = turn;
  const answer = await get("scene");
  if (mine !== turn) return;
  const used = answer.scenes.find((scene) => scene.number === answer.active);
  known = new Map((used?.report?.per_frame ?? []).map((row) => [row.frame_id, row]));
  change("scenes", { scenes: answer.scenes, activeScene: answer.active, backends: answer.backends, sceneSeconds: answer.estimate_seconds });
}

/** Return the scene that waits or runs, or undefined. */
export function runningScene() {
  return state.scenes.find((scene) => !ENDED.includes(scene.state));
}

/** Return the scene that is used, or undefined. */
export function usedScene() {
  return state.scenes.find((scene) => scene.number === state.activeScene);
}

/** Return what the used scene says of a frame: its row of the report, or undefined. */
export function geometryOf(frameId) {
  return known.get(frameId);
}

/** Return why a frame has strokes in 2D only, or an empty string. */
export function flatReason(frameId) {
  if (!usedScene()) return "";
  const row = known.get(frameId);
  if (!row) return "2D only: it was not there yet when the scene was made";
  return row.backend === null ? `2D only: ${row.reason ?? "no reason is known"}` : "";
}

/** Return why no scene can be started now, or an empty string. */
export function whyNotReconstruct() {
  if (state.online === false) return "The server is away";
  if (!state.frames.length) return "This project has no frames";
  const running = runningScene();
  if (running) return `Scene ${running.number} is still being made`;
  const stopped = state.scenes.find((scene) => scene.state === "interrupted");
  return stopped ? `Scene ${stopped.number} was interrupted: resume or cancel it first` : "";
}

export const startScene = (backend, settings) => act(() => post("scene", { backend, settings }), "The reconstruction was not started");
export const cancelScene = (number) => act(() => post(`scene/${number}/cancel`), "The reconstruction was not cancelled");
export const resumeScene = (number) => act(() => post(`scene/${number}/resume`), "The reconstruction was not resumed");
export const activateScene = (number) => act(() => post(`scene/${number}/activate`), "The scene was not chosen");

async function act(request, failure) {
  try {
    await request();
    await loadScenes();
  } catch (error) {
    emit("trouble", `${failure}: ${error.message}.`);
  }
}

function followRun(event) {
  if (event.run_kind !== "reconstruct") return;
  const scene = state.scenes.find((item) => item.run === event.run);
  if (!scene || scene.state !== event.state) return soon(0);
  const { stage, done, total, eta_seconds } = event;
  Object.assign(scene, { stage, done, total, eta_seconds });
  emit("scenes");
}

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => loadScenes().catch(() => soon(AGAIN_MS)), milliseconds);
}

/** Follow the worker's notices. */
export function followScenes() {
  on("live:run", followRun);
  on("live:scene live:worker live:frames resync", () => soon(0));
}
