// The scores of a round by class, alone or side by side with those of another one.
import { get } from "./api.js";
import { button, disable, fill, h, write } from "./dom.js";
import { kindOf } from "./kinds.js";
import { ENDED } from "./rounddata.js";
import { change, classOf, on, state } from "./state.js";
import { startSwipe } from "./swipe.js";
import { percent } from "./train.js";

const COLUMNS = ["Class", "", "", "Gain", "Pixels"];
const select = h("select", { class: "field", "aria-label": "Compare with another round" });
const swipe = button({ icon: "swipe", label: "Swipe", hint: "Look at both on the canvas, with a bar between them", onclick: look });
const heads = COLUMNS.map((text) => h("th", { scope: "col", text }));
const rows = h("tbody", {});
const table = h("table", { class: "compare-table" }, h("thead", {}, h("tr", {}, heads)), rows);
const note = h("p", { class: "hint" });
const bars = h("div", { class: "scores" });
const box = h("div", { class: "compare-body" });
const kept = new Map(); // "round/round" with their states -> promise of the answer
let round = null;
let other = null; // number of the round beside it; it stays when another one is looked at

/** Return the part of the round's panel: its head and what is below. */
export function comparePart() {
  select.addEventListener("change", () => ((other = Number(select.value) || null), show()));
  on("overlay", () => round && showSwipe());
  return [h("h3", { text: "IoU on held-out strokes" }), h("div", { class: "compare-head" }, select, swipe), box];
}

/** Show the scores of a round. */
export function compareRound(shown) {
  round = shown;
  show();
}

function show() {
  offer();
  showSwipe();
  const beside = partner();
  if (!beside) return fill(box, showBars());
  write(heads[1], `Round ${round.number}`);
  write(heads[2], `Round ${beside.number}`);
  heads[3].title = `Round ${round.number} minus round ${beside.number}, in points`;
  if (!box.contains(table)) fill(box, table, note);
  fillTable(beside);
}

function partner() {
  return other === round.number ? undefined : state.rounds.find((item) => item.number === other);
}

function offer() {
  const others = state.rounds.filter((item) => item.number !== round.number && (item.predicted || item.scores));
  const key = `${others.map((item) => item.number)}/${state.activeRound}`;
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    const text = (item) => `Round ${item.number}, ${kindOf(item)}${item.number === state.activeRound ? " (active)" : ""}`;
    fill(select, h("option", { value: "", text: others.length ? "Compare with…" : "No other round" }), others.map((item) => h("option", { value: item.number, text: text(item) })));
  }
  select.value = String(partner()?.number ?? "");
  select.disabled = !others.length;
}

function showSwipe() {
  const beside = partner();
  const bare = [round, beside].find((item) => item && !item.predicted);
  disable(swipe, !beside ? "Choose another round to compare with first" : bare ? `Round ${bare.number} has predicted nothing yet` : "");
}

function look() {
  startSwipe(round.number, partner().number);
  change("tab", { tab: "annotate" });
}

async function fillTable(beside) {
  const [mine, its] = [round, beside];
  const key = [mine, its].map((item) => `${item.number} ${item.state} ${item.scores?.miou}`).join();
  if (!kept.has(key)) kept.set(key, get(`rounds/${mine.number}/compare/${its.number}`));
  let pairs;
  try {
    pairs = (await kept.get(key)).classes;
  } catch (error) {
    kept.delete(key);
    return fill(box, h("p", { class: "hint", text: `The rounds can’t be compared: ${error.message}.` }));
  }
  if (round?.number !== mine.number || partner()?.number !== its.number) return;
  const drawn = `${key}/${state.classes.map((label) => label.colour + label.name)}`;
  if (table.dataset.key === drawn) return;
  table.dataset.key = drawn;
  fill(rows, pairs.map((pair) => classRow(pair, mine, its)), meanRow(pairs, mine, its));
  write(note, samePixels(pairs, mine, its));
}

function classRow(pair, mine, its) {
  const has = (item) => item.classes.some((label) => label.id === pair.class_id);
  const frozen = [mine, its].flatMap((item) => item.classes).find((label) => label.id === pair.class_id);
  const { colour, name } = classOf(pair.class_id) ?? frozen;
  const cells = [mine, its].map((item, place) => {
    const value = pair.iou[place];
    const why = has(item) ? "No stroke of this class was held out" : `Round ${item.number} does not have this class`;
    return h("td", { text: value === null ? "–" : percent(value), title: value === null ? why : "" });
  });
  return h("tr", {}, h("th", { scope: "row", title: name }, h("i", { class: "swatch", style: { "--colour": colour } }), name), cells, difference(pair.iou), pixels(pair));
}

function meanRow(pairs, mine, its) {
  const found = [mine, its].map((item) => item.scores?.miou ?? null);
  const total = (place) => pairs.reduce((sum, pair) => sum + (pair.pixels[place] ?? 0), 0);
  const all = { pixels: [total(0), total(1)], shared: pairs.reduce((sum, pair) => sum + pair.shared, 0) };
  return h("tr", { class: "compare-mean" }, h("th", { scope: "row", text: "Mean" }), found.map((value) => h("td", { text: value === null ? "–" : percent(value) })), difference(found), pixels(all));
}

function difference([one, two]) {
  if (one === null || two === null) return h("td", { text: "–" });
  const points = 100 * (one - two);
  const kind = Math.abs(points) < 0.05 ? "" : points > 0 ? "better" : "worse";
  return h("td", { class: kind, text: kind ? `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(1)}` : "0" });
}

function pixels({ pixels: [one, two], shared }) {
  if (one === null || two === null) return h("td", { text: String(one ?? two ?? "–") });
  const same = one === two && shared === one;
  return h("td", { text: same ? String(one) : `${one} / ${two}`, title: same ? "The same in both" : `${shared} of them in both` });
}

/** Say whether the two rounds were judged on the same pixels, and how they do on those that were. */
function samePixels(pairs, mine, its) {
  const [one, two] = [0, 1].map((place) => pairs.reduce((sum, pair) => sum + (pair.pixels[place] ?? 0), 0));
  const shared = pairs.reduce((sum, pair) => sum + pair.shared, 0);
  if (one === shared && two === shared && shared) return "Both were judged on the same pixels, before they learnt them.";
  const rivals = [[mine, its], [its, mine]].find(([item, beside]) => item.scores?.rival?.round === beside.number && item.scores.rival.miou !== null);
  const other_ = `They were judged on different pixels, ${shared} of them in both: small differences say little.`;
  if (!rivals) return other_;
  const { own, miou } = rivals[0].scores.rival;
  return `${other_} On those round ${rivals[0].number} has ${percent(own)}, round ${rivals[1].number} ${percent(miou)}.`;
}

function showBars() {
  const iou = round.scores?.iou;
  if (iou && Object.keys(iou).length) return fill(bars, Object.entries(iou).map(([name, value]) => scoreRow(name, value)));
  const text = ENDED.includes(round.state) ? "This round has no scores." : "Scores come when the round has been judged on strokes that were held out.";
  return fill(bars, h("p", { class: "hint", text }));
}

function scoreRow(name, value) {
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
