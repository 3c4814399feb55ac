// The Rounds tab: the history at the left, the chosen round at the right.
import { chart } from "./chart.js";
import { h, icon, oncePerPaint, write } from "./dom.js";
import { kindOf } from "./kinds.js";
import { roundDetail } from "./rounddetail.js";
import { emit, on, state } from "./state.js";
import { duration, etaText, percent, stageName } from "./train.js";

const COLUMNS = ["Round", "State", "Kind", "mIoU", "Accuracy", "First", "All", "Strokes behind", "Started"];
const rows = new Map(); // round number -> its row
const body = h("tbody", {});
const count = h("span", { class: "count" });
const table = h("table", { class: "rounds-table" }, h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col", text: name })))), body);
const empty = h(
  "div",
  { class: "empty teach" },
  icon("spark"),
  h("h3", { text: "No rounds yet" }),
  h("p", { text: "Draw a few strokes of two or more classes on one frame, then press Train. A quick round learns from them in seconds and predicts every frame, the open one first." }),
  h("p", { text: "Correct what it got wrong with more strokes and train again: each round is kept here with its scores, and you decide which one is shown." }),
);
const scoreChart = chart("mIoU by round, percent, each on its own held-out strokes");
const history = h("div", { class: "score-history", hidden: true }, scoreChart.figure);
const detail = h("div", { class: "round-detail" });
let chosen = null;
let picked = false; // by hand: else the newest round is shown

/** Return the view. */
export function roundsView() {
  on("rounds scenes", draw);
  on("tab", draw);
  return h(
    "section",
    { class: "view rounds-view", role: "tabpanel", "aria-labelledby": "tab-rounds" },
    h("div", { class: "panel rounds-panel" }, h("header", { class: "panel-head" }, h("h2", { text: "Rounds" }), count), h("div", { class: "rounds-scroll" }, table, empty), history),
    h("aside", { class: "panel detail-panel" }, roundDetail(detail)),
  );
}

const draw = oncePerPaint(() => {
  const numbers = new Set(state.rounds.map((round) => round.number));
  for (const [number, row] of rows) if (!numbers.has(number)) (row.element.remove(), rows.delete(number));
  if (!picked || !numbers.has(chosen)) chosen = state.rounds[0]?.number ?? null;
  state.rounds.forEach((round, place) => {
    if (!rows.has(round.number)) rows.set(round.number, makeRow(round.number));
    const row = rows.get(round.number);
    if (body.children[place] !== row.element) body.insertBefore(row.element, body.children[place] ?? null);
    showRow(row, round);
  });
  write(count, state.rounds.length ? String(state.rounds.length) : "");
  table.hidden = !state.rounds.length;
  empty.hidden = state.rounds.length > 0;
  showHistory();
  emit("round-chosen", chosen);
});

/** The score over the rounds, once there are two of them to compare. */
function showHistory() {
  const scored = state.rounds.filter((round) => round.scores?.miou != null);
  const points = scored.map((round) => [round.number, 100 * round.scores.miou]).reverse();
  history.hidden = points.length < 2;
  if (!history.hidden) scoreChart.show(points);
}

function makeRow(number) {
  const cells = COLUMNS.map(() => h("td", {}));
  const element = h("tr", { tabIndex: 0, onclick: () => choose(number) }, cells);
  element.addEventListener("keydown", (event) => event.key === "Enter" && choose(number));
  element.dataset.round = number;
  const mark = h("span", { class: "state-mark" });
  const words = h("span", { class: "state-words" });
  const active = h("span", { class: "tag", text: "active", hidden: true });
  const name = h("span", {});
  cells[0].append(name, active);
  cells[1].append(mark, words);
  return { element, cells, mark, words, active, name };
}

function choose(number) {
  chosen = number;
  picked = number !== state.rounds[0]?.number;
  draw();
}

function showRow(row, round) {
  row.element.setAttribute("aria-selected", String(round.number === chosen));
  row.element.dataset.state = round.state;
  write(row.name, String(round.number));
  row.active.hidden = round.number !== state.activeRound;
  write(row.words, round.state === "running" ? `${stageName(round)} ${part(round)}` : round.waits_for_scene ? etaText(round) : stageName(round));
  const { scores } = round;
  write(row.cells[2], kindOf(round));
  write(row.cells[3], scores?.miou == null ? "–" : percent(scores.miou));
  write(row.cells[4], scores?.accuracy == null ? "–" : percent(scores.accuracy));
  write(row.cells[5], round.seconds_to_first == null ? "–" : duration(round.seconds_to_first));
  write(row.cells[6], round.seconds == null ? "–" : duration(round.seconds));
  write(row.cells[7], String(round.strokes_behind ?? "–"));
  write(row.cells[8], when(round.created_at));
}

function part(round) {
  return round.total ? `${Math.floor((100 * round.done) / round.total)} %` : "";
}

/** Return a moment as hours and minutes, with the day where it was another one. */
export function when(seconds) {
  const moment = new Date(1000 * seconds);
  const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? time : `${moment.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}
