// One round in full: what it does now, its curves, its scores, and what can be done with it.
import { comparePart, compareRound } from "./compare.js";
import { curvesPart } from "./curves.js";
import { button, disable, fill, h, write } from "./dom.js";
import { kindOf, learnsIn3d } from "./kinds.js";
import { activateRound, cancelRound, ENDED, previewRound, resumeRound } from "./rounddata.js";
import { on, state } from "./state.js";
import { etaText, stageName, whyFailed } from "./train.js";
import { outcome, verdict } from "./verdicts.js";

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
const curves = curvesPart();
const settings = h("tbody", {});
const settingsBox = h("details", { class: "settings" }, h("summary", { text: "Settings" }), h("table", { class: "settings-table" }, settings));
let parts = null;
let number = null;
let box = null;

/** Fill the panel; the round to show is told by "round-chosen". */
export function roundDetail(element) {
  box = element;
  parts = [h("div", { class: "detail-actions" }, activate, preview, resume, cancel), compare, problem, h("div", { class: "detail-progress" }, bar, progress), h("h3", { text: "Curves" }), curves.element, ...comparePart(), settingsBox];
  on("round-chosen", (chosen) => {
    number = chosen;
    show();
  });
  on("curves", (changed) => changed === number && curves.draw());
  on("connection scenes classes", show);
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
    return fill(box, h("p", { class: "empty small", text: "Curves and scores of the chosen round are shown here." }));
  }
  if (box.firstChild !== parts[0]) fill(box, parts);
  showHead(round);
  showActions(round);
  compareRound(round);
  showSettings(round);
  curves.show(round);
}

function showHead(round) {
  const running = !ENDED.includes(round.state);
  write(title, `Round ${round.number}`);
  write(subtitle, [kindOf(round), learnsIn3d(round) && round.scene && `scene ${round.scene}`, round.parent && `after round ${round.parent}`].filter(Boolean).join(" · "));
  problem.hidden = round.state !== "failed";
  write(problem, problem.hidden ? "" : whyFailed(round));
  const part = round.state === "done" ? 1 : round.total ? Math.min(1, round.done / round.total) : 0;
  bar.firstChild.style.transform = `scaleX(${part})`;
  bar.classList.toggle("waiting", running && !round.total);
  bar.dataset.state = round.state;
  const now = round.waits_for_scene ? etaText(round) : `${stageName(round)} · ${etaText(round)}`;
  write(progress, `${running ? now : howItEnded(round)}${attempts(round)}`);
  write(compare, [verdict(round), outcome(round)].filter(Boolean).join(" "));
}

function howItEnded(round) {
  if (round.state !== "interrupted") return stageName(round);
  return round.goes_on ? "interrupted: a worker goes on with it as soon as there is one" : `interrupted: ${round.error}`;
}

/** Say that a round went on after its worker, or the machine, had died. */
function attempts({ attempt }) {
  if (attempt < 2) return "";
  return ` · went on ${attempt === 2 ? "after an interruption" : `after ${attempt - 1} interruptions`}`;
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

/** What the round was started with: its preset's values, where nobody gave others. */
function showSettings({ config }) {
  const rows = Object.entries(config);
  const key = JSON.stringify(rows);
  settingsBox.hidden = !rows.length;
  if (settings.dataset.key === key) return;
  settings.dataset.key = key;
  fill(settings, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row", text: name.replaceAll("_", " ") }), h("td", { text: String(value) }))));
}
