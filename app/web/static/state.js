// What the page knows, and who is told when it changes.
const listeners = new Map();

export const state = {
  project: null,
  frames: [],
  frameById: new Map(),
  frameIndex: new Map(), // frame id -> place in `frames`
  classes: [],
  deletedClasses: [],
  rounds: [],
  activeRound: null,
  scenes: [],
  activeScene: null,
  backends: [], // what can reconstruct on the server's machine
  sceneSeconds: 0, // what a reconstruction will take, about
  previewRound: null, // a round looked at without making it the active one
  swipe: null, // two rounds over the image: {left, right, at}; `at` is the image's x where they meet
  canUndo: false,
  canRedo: false,
  worker: true,
  tab: "annotate",
  selected: null, // frame asked for
  shown: null, // frame on the canvas; follows `selected` when everything of it is there
  tool: "brush",
  classId: null,
  hidden: false, // hold to hide
  hiddenClasses: new Set(),
  online: null, // null until the first connection
  waiting: 0, // strokes not yet on the server's disk
};

/** Call `listener(detail)` on each of the topics; returns a function that ends it. */
export function on(topics, listener) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, new Set());
    listeners.get(topic).add(listener);
  }
  return () => topics.split(" ").forEach((topic) => listeners.get(topic).delete(listener));
}

/** Tell everybody who listens to a topic. */
export function emit(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** Change fields and tell the topic. */
export function change(topic, fields) {
  Object.assign(state, fields);
  emit(topic);
}

const PREFS = "rewis3d:prefs";
const defaults = {
  theme: "system",
  brush: 8,
  opacity: 0.5,
  overlay: true,
  over: "prediction", // what lies over the image
  fade: false,
  ghosts: true, // strokes of other frames
  filter: "all",
};

/** Settings of this browser; they outlive a reload. */
export const prefs = { ...defaults, ...stored() };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(PREFS) ?? "{}");
  } catch (error) {
    if (error instanceof SyntaxError) return {}; // another version's, or edited by hand
    throw error;
  }
}

/** Change settings, keep them and tell "prefs". */
export function prefer(fields) {
  Object.assign(prefs, fields);
  localStorage.setItem(PREFS, JSON.stringify(prefs));
  emit("prefs", fields);
}

/** Return the class with an id, or undefined. */
export function classOf(id) {
  return state.classes.find((item) => item.id === id);
}

/** Return the round whose predictions are looked at, or undefined. */
export function shownRound() {
  const number = state.previewRound ?? state.activeRound;
  return state.rounds.find((round) => round.number === number);
}
