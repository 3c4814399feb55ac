// The curves of a round: those of a full round two by two, in 2D at the left and in 3D at the right.
import { chart } from "./chart.js";
import { fill, h, oncePerPaint, write } from "./dom.js";
import { isFull, learnsIn3d } from "./kinds.js";
import { curvesOf, ENDED } from "./rounddata.js";

const TERMS = {
  supervised: ["Strokes (S)", "Cross-entropy where strokes say what is there. It falls while the network learns them."],
  consistency: ["Own teacher (U)", "How far the network is from its teacher, its own average over the steps, where nobody drew."],
  "cross-modal": ["", "How far the network is from what the other branch’s teacher says of the same places: 2D learns from 3D, 3D from 2D."],
  sure: ["Sure share (w_t)", "Share of the pixels, or points, without strokes where the teacher is sure. The more, the more its word counts."],
  temporal: ["Frames around (T)", "How far the network is from what the frames around say of the same places, followed along the optical flow: strokes carried on, and its teacher’s predictions put together over time."],
};
/** Of the heads of a quick round, by what they learn; the one that judges learns it without what is held out. */
const FITS = {
  strokes: ["Loss on strokes", "Cross-entropy of the head that is fitted to the strokes alone."],
  grown: ["Loss when grown", "Cross-entropy of the head that is fitted to the strokes and the pixels around them."],
  around: ["Loss around", "Cross-entropy of the head that is fitted to what is known of the frames around those with strokes, too."],
};

/** Return {element, show, draw}: `show(round)` says which round it is, `draw()` that it has new points. */
export function curvesPart() {
  const element = h("div", { class: "curves" });
  const note = h("p", { class: "hint" });
  let round = null;
  let charts = new Map(); // series -> its chart
  let plan = "";

  const draw = oncePerPaint(async () => {
    const shown = round;
    if (!shown || !element.isConnected) return;
    let series;
    try {
      series = await curvesOf(shown.number);
    } catch (error) {
      plan = "";
      return fill(element, h("p", { class: "hint", text: `The curves can’t be loaded: ${error.message}.` }));
    }
    if (shown.number !== round.number) return;
    lay(Object.keys(series).filter((name) => series[name].length));
    for (const [name, drawn] of charts) drawn.show(series[name] ?? [], whyNone(round, name));
  });

  /** Make the charts where others are to be shown; those that are there stay, with their sizes. */
  function lay(found) {
    const names = planned(round, found);
    const key = `${round.number}/${names.join()}`;
    if (key === plan) return;
    plan = key;
    charts = new Map(names.map((name) => [name, chart(...words(name))]));
    const figures = (chosen) => names.filter(chosen).map((name) => charts.get(name).figure);
    const [terms, others] = [figures(isTerm), figures((name) => !isTerm(name))];
    write(note, ENDED.includes(round.state) ? "This round has no curves." : "The curves begin with the first training steps.");
    fill(
      element,
      terms.length && learnsIn3d(round) ? h("div", { class: "curve-heads" }, h("span", { text: "2D, pixels" }), h("span", { text: "3D, points" })) : null,
      terms.length ? h("div", { class: `curve-grid ${learnsIn3d(round) ? "pairs" : ""}` }, terms) : null,
      terms.length && others.length ? h("p", { class: "curve-title", text: "Before that: the head that it begins with" }) : null,
      others.length ? h("div", { class: "curve-grid" }, others) : null,
      names.length ? null : note,
    );
  }

  const show = (shown) => {
    round = shown;
    draw();
  };
  return { element, show, draw };
}

function isTerm(name) {
  return name.split(", ")[0] in TERMS;
}

function words(name) {
  const [term, branch] = name.split(", ");
  if (!isTerm(name)) return ofFit(term, branch) ?? [name, {}];
  const [title, hint] = TERMS[term];
  return [term === "cross-modal" ? `From ${branch === "2D" ? "3D" : "2D"} (CMC)` : title, { hint: `${branch}. ${hint}`, share: term === "sure" }];
}

/** Return the words for a curve of a head that is fitted in a quick round, if it is one. */
function ofFit(kind, learns) {
  const [title, hint] = FITS[learns] ?? [];
  if (title === undefined || !["loss", "judge"].includes(kind)) return undefined;
  if (kind === "loss") return [title, { hint }];
  return [`${title}, held out`, { hint: `${hint} This head never sees the strokes that are held out: they judge it.` }];
}

/** Return the series that a round shows, in their order: all that a full round will have, from its start on. */
function planned(round, found) {
  const { consistency } = round.config;
  const terms = [];
  if (isFull(round)) {
    for (const term of Object.keys(TERMS)) {
      if (["consistency", "sure"].includes(term) && consistency === false) continue;
      if (term === "cross-modal" && !learnsIn3d(round)) continue;
      if (term === "temporal" && !round.config.temporal) continue;
      terms.push(`${term}, 2D`);
      if (learnsIn3d(round) && term !== "temporal") terms.push(`${term}, 3D`);
    }
  }
  return [...terms, ...found.filter((name) => !terms.includes(name)).sort((a, b) => isTerm(b) - isTerm(a))];
}

/** Say why a curve has no point yet. */
function whyNone(round, name) {
  if (ENDED.includes(round.state)) return "no points";
  const term = name.split(", ")[0];
  const { consistency_start: own, cmc_start: other, temporal_start: around } = round.config;
  const start = { consistency: own, sure: own, "cross-modal": other, temporal: around }[term];
  return start ? `begins after ${Math.round(100 * start)} % of the steps` : "begins with the first steps";
}
