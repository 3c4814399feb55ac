// The kinds of rounds in plain words: what each does, and what a round is called in a table.
import { state } from "./state.js";

export const KINDS = {
  quick: { name: "Quick", title: "Quick round", text: "Learns from the strokes in seconds." },
  cpu: { name: "Full", title: "On this processor", text: "Small networks, made for two cores and more." },
  interactive: { name: "Full, GPU", title: "On a GPU, while you wait", text: "The image network of a quick round, and Point Transformer V3." },
  paper: { name: "As the paper", title: "On a GPU, as in the paper", text: "SegFormer-B4 and Point Transformer V3: hours." },
  released: { name: "As the code", title: "On a GPU, as the paper’s released code", text: "The same networks, with the code’s settings: hours." },
};

/** Return what a round's kind is called in a table. */
export function kindOf(round) {
  const name = KINDS[round.preset]?.name ?? round.preset;
  return isFull(round) && round.config.branches === "2d" ? `${name}, 2D` : name;
}

/** Return whether a round learns in steps of the method, in minutes rather than seconds. */
export function isFull(round) {
  return round.config.kind === "method";
}

/** Return whether a round learns in 3D as well: not where its scene has no geometry. */
export function learnsIn3d(round) {
  const scene = state.scenes.find((item) => item.number === round.scene);
  return isFull(round) && round.config.branches === "both" && scene?.report?.frames.registered !== 0;
}

const STAGES = {
  preparing: "Preparing",
  reading: "Reading frames",
  "growing strokes": "Growing strokes",
  looking: "Looking at points",
  learning: "Learning",
  judging: "Judging on held-out strokes",
  "asking the frames around": "Asking the frames around",
  "judging around": "Judging what the frames around teach",
  "following what moves": "Following what moves",
  "looking around": "Looking at the frames around",
  "judging over time": "Judging over time",
  "reading off over time": "Reading off over time",
  predicting: "Predicting",
};

/** Return what a job calls its stage, for people. */
export function stageWords(stage) {
  return STAGES[stage] ?? stage;
}
