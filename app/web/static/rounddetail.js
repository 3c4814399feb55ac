// One round in full: what it does now, its curves, its scores, and what can be done with it.
import { chart } from "./chart.js";
import { button, disable, fill, h, oncePerPaint, write } from "./dom.js";
import { activateRound, cancelRound, curvesOf, ENDED, previewRound, resumeRound } from "./rounddata.js";
import { classOf, on, state } from "./state.js";
import { etaText, percent, stageName } from "./train.js";

const title = h("h2", { text: "Round" });
const subtitle = h("span", { class: "count" });
const activate = button({ icon: "check", label: "Activate", hint: "Show this round's predictions from now on", kind: "primary", onclick: () => activateRound(number) });
const preview = button({ icon: "eye", label: "Preview", hint: "Look at this round's predictions on the canvas without activating it", onclick: look });
const cancel = button({ icon: "stop", label: "Cancel", hint: "Stop this round", onclick: () => cancelRound(number) });
const resume = button({ icon: "play", label: "Resume", hint: "Go on where this round stopped", onclick: () => resumeRound(number) });
const compare = h("p", { class: "compare" });
const problem = h("p", { class: "problem-box", role: "alert", hidden: true });
const bar = h("div", { class: "bar", role: "progressbar", "aria-label": "Progress of the round" }, h("span", {}));
const progress = h("p", { class: "progress-text" });
const curveBox = h("div", { class: "curves" });
const scoreBox = h("div", { class: "scores" });
const settings = h("tbody", {});
const settingsBox = h("details", { class: "settings" }, h("summary", { text: "Settings" }), h("table", { class: "settings-table" }, settings));
let number = null;
let box = null;
let shape = "";

/** Fill the panel; the round to show is told by "round-chosen". */
export function roundDetail(element) {
  box = element;
  on("round-chosen", (chosen) => {
    if (chosen !== number) shape = "";
    number = chosen;
    show();
  });
  on("curves", (changed) => changed === number && showCurves());
  on("connection", show);
  return [h("header", { class: "panel-head" }, title, subtitle), box];
}

function roundShown() {
  return state.rounds.find((round) => round.number === number);
}

function show() {
  const round = roundShown();
  box.classList.toggle("is-empty", !round);
  if (!round) {
    write(title, "Round");
    write(subtitle, "");
    fill(box, h("p", { class: "empty small", text: "Curves and scores of the chosen round are shown here." }));
    shape = "";
    return;
  }
  build();
  showHead(round);
  showActions(round);
  showScores(round);
  showSettings(round);
  showCurves();
}

function build() {
  if (shape === "built") return;
  shape = "built";
  fill(
    box,
    h("div", { class: "detail-actions" }, activate, preview, resume, cancel),
    compare,
    problem,
    h("div", { class: "detail-progress" }, bar, progress),
    h("h3", { text: "Curves" }),
    curveBox,
    h("h3", { text: "IoU on held-out strokes" }),
    scoreBox,
    settingsBox,
  );
}

function showHead(round) {
  const running = !ENDED.includes(round.state);
  write(title, `Round ${round.number}`);
  write(subtitle, `${round.preset}${round.parent ? ` · after round ${round.parent}` : ""}`);
  problem.hidden = !round.error;
  write(problem, round.error ?? "");
  const part = round.state === "done" ? 1 : round.total ? Math.min(1, round.done / round.total) : 0;
  bar.firstChild.style.transform = `scaleX(${part})`;
  bar.classList.toggle("waiting", running && !round.total);
  bar.dataset.state = round.state;
  write(progress, running ? `${stageName(round)} · ${etaText(round)}` : stageName(round));
  write(compare, comparison(round));
}

/** What the score says: rounds are compared where both were judged on the same pixels. */
function comparison(round) {
  const { scores } = round;
  const active = state.activeRound;
  if (scores?.miou == null) return round.state === "done" ? "No strokes were held out: there is no score." : "";
  const own = `mIoU ${percent(scores.miou)} on ${scores.pixels} held-out pixels.`;
  if (active === null || active === round.number) return own;
  if (scores.rival?.round === active) return `${own} ${against(round, scores.rival)}`;
  if (scores.no_rival && round.parent === active) return `${own} No comparison with round ${active}: ${scores.no_rival}.`;
  return `${own} The active round ${active} was judged on other strokes: the two scores don't compare.`;
}

function against(round, rival) {
  const all = rival.classes === round.classes.length;
  if (rival.miou == null) return `None of them shows a class that round ${rival.round} has too.`;
  const gain = 100 * (rival.own - rival.miou);
  const place = all ? "On the same pixels" : `On those of the ${rival.classes} classes that both rounds have`;
  const figures = all ? `(${percent(rival.miou)})` : `(${percent(rival.own)} to ${percent(rival.miou)})`;
  return `${place} ${Math.abs(gain).toFixed(1)} points ${gain < 0 ? "below" : "above"} the active round ${rival.round} ${figures}, which may have learnt from these strokes.`;
}

function showActions(round) {
  const away = state.online === false ? "The server is away" : "";
  const running = !ENDED.includes(round.state);
  const unready = round.state === "done" ? "" : running ? "The round is still at work" : "The round did not end: resume it first";
  disable(activate, away || (round.number === state.activeRound ? "This round is the active one" : unready));
  disable(preview, away || (state.previewRound === number ? "" : unready));
  write(preview.querySelector(".label"), state.previewRound === number ? "End preview" : "Preview");
  disable(cancel, away || (running ? "" : "The round has ended"));
  disable(resume, away || (running || round.state === "done" ? "Only a round that stopped before its end can be resumed" : ""));
}

function look() {
  previewRound(state.previewRound === number ? null : number);
}

const showCurves = oncePerPaint(async () => {
  const shown = number;
  if (shown === null || !box.isConnected) return;
  let series;
  try {
    series = await curvesOf(shown);
  } catch (error) {
    return fill(curveBox, h("p", { class: "hint", text: `The curves can't be loaded: ${error.message}.` }));
  }
  if (shown !== number) return;
  const drawn = Object.entries(series).filter(([, points]) => points.length);
  if (drawn.length) fill(curveBox, drawn.map(([name, points]) => chart(name, points)));
  else fill(curveBox, h("p", { class: "hint", text: "The curves begin with the first training steps." }));
});

/** What the round was started with: its preset's values, where nobody gave others. */
function showSettings({ config }) {
  const rows = Object.entries(config);
  const key = JSON.stringify(rows);
  settingsBox.hidden = !rows.length;
  if (settings.dataset.key === key) return;
  settings.dataset.key = key;
  fill(settings, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row", text: name.replaceAll("_", " ") }), h("td", { text: String(value) }))));
}

function showScores(round) {
  const iou = round.scores?.iou;
  if (!iou || !Object.keys(iou).length) {
    const text = ENDED.includes(round.state) ? "This round has no scores." : "Scores come when the round has been judged on strokes that were held out.";
    return fill(scoreBox, h("p", { class: "hint", text }));
  }
  fill(scoreBox, Object.entries(iou).map(([name, value]) => scoreRow(round, name, value)));
}

function scoreRow(round, name, value) {
  const frozen = round.classes.find((label) => label.name === name);
  const colour = classOf(frozen?.id)?.colour ?? frozen?.colour ?? "#888888";
  const row = h(
    "div",
    { class: "score-row" },
    h("span", { class: "score-name", text: name, title: name }),
    h("span", { class: "score-bar", style: { "--colour": colour, "--part": value ?? 0 } }),
    h("span", { class: "score-value", text: value == null ? "–" : percent(value) }),
  );
  if (value == null) row.title = "No stroke of this class was held out";
  return row;
}
