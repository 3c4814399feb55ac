// Places that strokes of two frames give two classes: a list in the 3D card, each end one click away.
import { picture } from "./api.js";
import { button, fill, h, icon, write } from "./dom.js";
import { classOf, on, prefer, prefs, state } from "./state.js";
import { visit } from "./viewerspot.js";

const MOST = 50; // rows; the largest come first
const SHAPE = 4 / 3; // of the pictures, as ghosts.css has it
const badge = h("span", { class: "conflicts-badge" });
const spinner = h("span", { class: "spinner small", title: "Being worked out" });
const head = h("button", { type: "button", class: "conflicts-head", onclick: () => prefer({ conflicts: !prefs.conflicts }) }, h("span", { class: "conflicts-fold" }, icon("right")), h("span", { text: "Conflicts" }), badge, h("span", { class: "spring" }), spinner);
const rows = new Map(); // conflict id -> {element, key}
const list = h("div", { class: "conflicts-list", role: "list", "aria-label": "Places with two classes" });
const message = h("p", { class: "hint conflicts-message" });
const element = h("div", { class: "conflicts" }, head, message, list);

/** Return the part of the 3D card. */
export function conflictsPart() {
  on("gains classes prefs frames connection", show);
  show();
  return element;
}

function show() {
  const { conflicts = [], stale, error } = state.gains ?? {};
  const open = Boolean(prefs.conflicts);
  const known = conflicts.filter((conflict) => conflict.classes.every(classOf) && conflict.frames.every((frame) => state.frameById.has(frame)));
  head.setAttribute("aria-expanded", String(open));
  head.title = open ? "Fold the list" : "Places where strokes of two frames disagree";
  write(badge, String(known.length));
  badge.classList.toggle("none", known.length === 0);
  spinner.hidden = !stale;
  list.hidden = !open || known.length === 0;
  const text = messageFor(known, error);
  message.hidden = !open || !text;
  write(message, text);
  message.classList.toggle("is-problem", Boolean(error));
  if (open) relist(known.slice(0, MOST));
}

function messageFor(known, error) {
  if (error) return `Conflicts can't be found: ${error}.`;
  if (known.length > MOST) return `The ${MOST} largest of ${known.length}. Erase or redraw one of the two strokes.`;
  if (known.length) return "Click a side to go there, then erase or redraw its stroke.";
  return "No strokes disagree. A place that strokes of two frames give different classes is listed here.";
}

/** Keep the rows that stay: a button keeps its focus. */
function relist(conflicts) {
  const living = new Set(conflicts.map(({ id }) => id));
  for (const [id, row] of rows) if (!living.has(id)) (row.element.remove(), rows.delete(id));
  conflicts.forEach((conflict, place) => {
    const key = JSON.stringify([conflict.cells, conflict.classes.map(classOf), conflict.frames.map((frame) => state.frameIndex.get(frame))]);
    if (rows.get(conflict.id)?.key !== key) {
      const made = row(conflict);
      rows.get(conflict.id)?.element.replaceWith(made);
      rows.set(conflict.id, { element: made, key });
    }
    const { element: wanted } = rows.get(conflict.id);
    if (list.children[place] !== wanted) list.insertBefore(wanted, list.children[place] ?? null);
  });
}

function row(conflict) {
  const ends = [0, 1].map((side) => end(conflict, side));
  return h("div", { class: "conflict", role: "listitem" }, ends);
}

function end({ classes, frames, xy, cells }, side) {
  const [label, frame] = [classOf(classes[side]), frames[side]];
  const number = state.frameIndex.get(frame) + 1;
  const thumb = h("img", { class: "conflict-picture", src: picture(frame, "thumbnail"), alt: "", decoding: "async", loading: "lazy", draggable: false });
  const mark = h("span", { class: "conflict-mark", style: spot(frame, xy[side]) });
  const chip = h("span", { class: "conflict-chip" }, h("span", { class: "conflict-name", text: label.name }), h("span", { class: "conflict-swatch", style: { "--colour": label.colour } }));
  const found = button({ kind: "conflict-end", hint: `${label.name} in frame ${number}: go there (${cells} cells disagree)`, onclick: () => visit({ frame, xy: xy[side] }) });
  return fill(found, h("span", { class: "conflict-thumb" }, thumb, mark, h("span", { class: "conflict-frame", text: String(number) })), chip);
}

/** Return where a pixel lies in its frame's thumbnail, which is cut to the box's shape. */
function spot(frameId, [x, y]) {
  const { width, height } = state.frameById.get(frameId);
  const [across, down] = [Math.max(1, width / height / SHAPE), Math.max(1, (SHAPE * height) / width)];
  const within = (share, times) => `${100 * Math.min(1, Math.max(0, 0.5 + (share - 0.5) * times))}%`;
  return { left: within(x / width, across), top: within(y / height, down) };
}
