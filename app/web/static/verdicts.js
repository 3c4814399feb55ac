// What the scores of a round say, in sentences.
import { state } from "./state.js";
import { percent } from "./train.js";

/** Return what the score says: rounds are compared where pixels were held out from both. */
export function verdict(round) {
  const { scores } = round;
  const active = state.activeRound;
  if (scores?.miou == null) return round.state === "done" ? "No strokes were held out: there is no score." : "";
  const own = `mIoU ${percent(scores.miou)} on ${scores.pixels} held-out pixels.${fromAround(round)}${overTime(round)}`;
  if (active === null || active === round.number) return own;
  if (scores.rival?.round === active) return `${own} ${against(round, scores.rival)}`;
  if (scores.no_rival && round.parent === active) return `${own} No comparison with round ${active}: ${scores.no_rival}.`;
  const shown = state.rounds.find((item) => item.number === active);
  if (shown?.scores?.miou != null && judgedAlike(round, shown)) return `${own} The active round ${active} has ${percent(shown.scores.miou)} on the same pixels.`;
  return `${own} The active round ${active} was judged on other strokes: the two scores don't compare.`;
}

/** Say what learning from the frames around those with strokes has brought, where it was tried. */
function fromAround({ scores }) {
  if (scores.around == null) return "";
  const found = ` What the frames around teach takes it from ${percent(scores.strokes)} to ${percent(scores.around)}`;
  return scores.around >= scores.strokes ? `${found}.` : `${found}: that is left out.`;
}

/** Say what reading the labels off over time has brought, where it was tried. */
function overTime({ scores, fused }) {
  if (scores.fused == null) return "";
  const found = ` Read off over time ${percent(scores.fused)}, frame by frame ${percent(scores.alone)}`;
  return fused ? `${found}: the labels are those over time.` : `${found}: the labels are those frame by frame.`;
}

/** The same strokes and the same seed hold the same pixels out. */
function judgedAlike(one, other) {
  return one.label_revision === other.label_revision && one.seed === other.seed && one.scores.pixels === other.scores.pixels;
}

function against(round, rival) {
  if (rival.miou == null) return `No stroke held out from both shows a class that round ${rival.round} has too.`;
  const gain = 100 * (rival.own - rival.miou);
  const classes = rival.classes === round.classes.length ? "" : `, of the ${rival.classes} classes that both have`;
  return `${Math.abs(gain).toFixed(1)} points ${gain < 0 ? "below" : "above"} the active round ${rival.round} (${percent(rival.own)} to ${percent(rival.miou)}) on ${rival.pixels} pixels that neither had learnt${classes}.`;
}

/** Return what became of "use it if it does better"; an empty string where nobody asked, or before the end. */
export function outcome(round) {
  if (!round.use_if_better || round.state !== "done") return "";
  const rival = round.scores?.rival;
  const better = rival?.miou != null && rival.own > rival.miou;
  if (round.number === state.activeRound) return better ? `It did better than round ${rival.round} and is used.` : "It is used.";
  if (better) return "";
  if (rival?.miou != null) return `It did not do better: round ${rival.round} stayed.`;
  return round.scores?.no_rival ? `It could not be compared (${round.scores.no_rival}): activate it if you like it.` : "It could not be compared: activate it if you like it.";
}

/** Return a notice for the end of a round that was to be used if it is better. */
export function notice(round) {
  const rival = round.scores?.rival;
  const figures = rival?.miou == null ? "" : ` ${percent(rival.own)} to ${percent(rival.miou)} on strokes that neither had learnt.`;
  const said = outcome(round);
  return said && `Round ${round.number}: ${said[0].toLowerCase()}${said.slice(1)}${figures}`;
}
