// The report of a scene as pictures, and all scenes with what can be done with them.
import { showDialog } from "./dialog.js";
import { button, disable, fill, h, oncePerPaint, write } from "./dom.js";
import { showFrame } from "./playhead.js";
import { ENDED } from "./rounddata.js";
import { when } from "./rounds.js";
import { activateScene, cancelScene, resumeScene, usedScene, whyNotReconstruct } from "./scenedata.js";
import { askForScene } from "./scenestart.js";
import { pieceColour, sceneStrip } from "./scenestrip.js";
import { on, state } from "./state.js";
import { duration, stageName } from "./train.js";

const COLUMNS = ["Scene", "State", "By", "Frames", "Depth", "Pieces", "Started", ""];
const MOST_PIECES = 8; // named in the legend; more are counted

/** Show the report of the scene that is used, or else of the newest, and the history. */
export function showReport() {
  let chosen = usedScene()?.number ?? state.scenes[0]?.number;
  const scene = () => state.scenes.find((item) => item.number === chosen);
  const close = () => dialog.close();
  const place = { body: h("div", { class: "scene-report" }), strip: sceneStrip(scene, { kind: "tall", clicked: close }), rows: h("tbody", {}) };
  const choose = (number) => ((chosen = number), draw());
  const draw = oncePerPaint(() => {
    write(dialog.querySelector("h2"), chosen ? `Scene ${chosen}` : "Scenes");
    fill(place.body, report(scene(), { strip: place.strip.element, close }));
    place.strip.draw();
    fill(place.rows, state.scenes.map((item) => historyRow(item, { chosen, choose })));
    disable(again, whyNotReconstruct());
  });
  const again = button({ icon: "cube", label: "Reconstruct again", hint: "Make another scene, with other settings", onclick: () => (close(), askForScene()) });
  const table = h("table", { class: "scene-history" }, h("thead", {}, h("tr", {}, COLUMNS.map((text) => h("th", { scope: "col", text })))), place.rows);
  const dialog = showDialog({ title: "Scenes", kind: "wide", body: [place.body, table], actions: [again] });
  dialog.addEventListener("close", on("scenes connection", draw));
  dialog.addEventListener("close", place.strip.stop);
  draw();
}

function report(scene, { strip, close }) {
  if (!scene) return [h("p", { class: "hint", text: "Nothing has been reconstructed yet." })];
  if (!scene.report) return [h("p", { class: scene.error ? "problem-box" : "hint", text: scene.error ?? `${stageName(scene)}: the report comes at the end.` })];
  const found = scene.report;
  return [figures(found), strip, legend(found), reasons(found, close), histogram(found), notes(found)];
}

function figures(found) {
  const { registered, total } = found.frames;
  const error = found.reprojection_error_px;
  const cells = [
    ["Frames with depth", `${registered} of ${total}`, "Frames whose camera and depth were found"],
    ["Pixels with depth", `${Math.round(100 * found.coverage)} %`, "Of all frames, with a confidence that is good enough to carry labels"],
    ["Off by", error === null ? "–" : `${error.toFixed(2)} px`, "Mean distance between where a point was seen and where the cameras put it"],
    ["Pieces", String(found.pieces), "Parts of the clip that have no known place relative to each other"],
    ["Took", duration(found.seconds), "The attempt that finished it"],
  ];
  return h("dl", { class: "scene-cells-row" }, cells.map(([name, value, title]) => h("div", { title }, h("dt", { text: name }), h("dd", { text: value }))));
}

function legend(found) {
  const pieces = [...new Set(found.per_frame.filter((row) => row.backend !== null).map((row) => row.piece))];
  const named = pieces.slice(0, MOST_PIECES).map((piece) => key(pieceColour(piece), `piece ${piece + 1} (${unit(found, piece)}) by ${backendsOf(found, piece)}`));
  const more = pieces.length > MOST_PIECES ? h("span", { text: `and ${pieces.length - MOST_PIECES} more pieces` }) : null;
  const flat = found.frames.registered < found.frames.total ? key("var(--line-strong)", "2D only") : null;
  const cuts = found.cuts.length ? key("var(--bad)", `cut before ${found.cuts.join(", ")}`) : null;
  return h("p", { class: "scene-legend" }, named, more, flat, cuts);
}

function key(colour, text) {
  return h("span", {}, h("i", { style: { background: colour } }), text);
}

function unit(found, piece) {
  return found.units[piece] === "metric" ? "metres" : "no known scale";
}

function backendsOf(found, piece) {
  return [...new Set(found.per_frame.filter((row) => row.piece === piece).map((row) => row.backend))].join(", ");
}

/** One line for each run of frames that stay 2D for the same reason; it leads to the first of them. */
function reasons(found, close) {
  const runs = [];
  found.per_frame.forEach((row, place) => {
    if (row.backend !== null) return;
    const last = runs.at(-1);
    const reason = row.reason ?? "no reason is known";
    if (last?.reason === reason && last.to === place - 1) last.to = place;
    else runs.push({ reason, from: place, to: place, id: row.frame_id });
  });
  const lines = runs.map(({ reason, from, to, id }) => {
    const where = from === to ? `Frame ${from + 1}` : `Frames ${from + 1}–${to + 1}`;
    return h("li", {}, h("button", { type: "button", class: "scene-reason", title: "Go there", onclick: () => (showFrame(id), close()) }, h("b", { text: where }), ` 2D only: ${reason}`));
  });
  return lines.length ? h("ul", { class: "scene-reasons" }, lines) : null;
}

function histogram(found) {
  const shares = found.confidence_histogram;
  if (!shares.length || !found.frames.registered) return null;
  const most = Math.max(...shares, 1e-6);
  const bars = shares.map((share, place) => h("i", { style: { height: `${Math.max(2, (100 * share) / most)}%` }, title: `Confidence ${(place / shares.length).toFixed(1)} to ${((place + 1) / shares.length).toFixed(1)}: ${Math.round(100 * share)} % of the depths` }));
  return h("figure", { class: "scene-histogram" }, h("figcaption", { text: "Depths by confidence" }), h("div", { class: "scene-bars" }, bars), h("div", { class: "scene-axis" }, h("span", { text: "0" }), h("span", { text: "1" })));
}

function notes(found) {
  return found.notes.length ? h("ul", { class: "scene-notes" }, found.notes.map((text) => h("li", { text }))) : null;
}

function historyRow(scene, { chosen, choose }) {
  const found = scene.report;
  const tag = scene.number === state.activeScene ? h("span", { class: "tag", text: "in use" }) : null;
  const cells = [
    [String(scene.number), tag],
    [stageName(scene)],
    [found?.backend ?? scene.backend],
    [found ? `${found.frames.registered} / ${found.frames.total}` : "–"],
    [found ? `${Math.round(100 * found.coverage)} %` : "–"],
    [found ? String(found.pieces) : "–"],
    [when(scene.created_at)],
    [action(scene)],
  ];
  const row = h("tr", { tabIndex: 0, "aria-selected": String(scene.number === chosen), onclick: () => choose(scene.number) }, cells.map((parts) => h("td", {}, parts)));
  row.addEventListener("keydown", (event) => event.key === "Enter" && event.target === row && choose(scene.number));
  return row;
}

function action(scene) {
  const kind = "small";
  const run = (act) => (event) => (event.stopPropagation(), act(scene.number));
  if (scene.state === "done") return scene.number === state.activeScene ? null : button({ label: "Use", hint: "Use this scene from now on", kind, onclick: run(activateScene) });
  if (ENDED.includes(scene.state)) return button({ label: "Resume", hint: "Go on where it stopped", kind, onclick: run(resumeScene) });
  return button({ label: "Cancel", hint: "Stop it", kind, onclick: run(cancelScene) });
}
