// What strokes gained in all frames, and where they clash: asked anew after every change.
import { get } from "./api.js";
import { usedScene } from "./scenedata.js";
import { change, on, state } from "./state.js";

const SETTLED_MS = 120; // a burst of strokes is one question
const STALE_MS = 400; // the server is still at work on it
const AGAIN_MS = 3000; // the server is away
const NOTHING = { scene: null, gained: {}, conflicts: [], stale: false, error: "" };
let timer = 0;
let turn = 0;
let asked; // number of the scene that was asked about last

/** Follow strokes, classes and scenes from now on. */
export function followGains() {
  state.gains = NOTHING;
  on("live:stroke live:class live:frames live:scene resync", () => soon(SETTLED_MS));
  on("scenes", () => asked !== usedScene()?.number && soon(SETTLED_MS)); // not for each step of one that is being made
  on("connection", () => state.online && soon(SETTLED_MS));
}

/** Return how many cells a frame gained from strokes of other frames. */
export function gainedBy(frameId) {
  return state.gains?.gained[frameId] ?? 0;
}

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(load, milliseconds);
}

async function load() {
  turn += 1;
  const mine = turn;
  asked = usedScene()?.number;
  if (!usedScene()) return take(NOTHING);
  try {
    const answer = await get("ghosts");
    if (mine !== turn) return;
    take({ ...answer, error: "" });
    if (answer.stale) soon(STALE_MS);
  } catch (error) {
    if (mine !== turn) return;
    if (error.offline) return soon(AGAIN_MS);
    take({ ...NOTHING, error: error.message });
  }
}

function take(gains) {
  change("gains", { gains });
}
