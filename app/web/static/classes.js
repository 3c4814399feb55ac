// The palette at the right: choose, show or hide, add and change classes.
import { showClassMenu, addClass, restoreMenu, recolour } from "./classedit.js";
import { button, disable, h, icon, write } from "./dom.js";
import { change, emit, on, state } from "./state.js";
import { strokesOf } from "./strokes.js";
import { setTool } from "./toolstrip.js";

const rows = new Map(); // class id -> its row
const list = h("div", { class: "class-list", role: "radiogroup", "aria-label": "Classes" });
const count = h("span", { class: "count" });
const empty = h(
  "div",
  { class: "empty small", hidden: true },
  h("p", { text: "No classes yet. Add one for each thing that the model should tell apart: road, car, sky." }),
  button({ icon: "plus", label: "Add a class", hint: "Add the first class", onclick: addClass }),
);

/** Return the panel. */
export function palette() {
  const restore = button({ icon: "restore", hint: "Bring back a deleted class", kind: "quiet", onclick: (event) => restoreMenu(event.currentTarget) });
  const add = button({ icon: "plus", hint: "Add a class", kind: "quiet", onclick: addClass });
  on("classes connection", () => {
    disable(restore, state.deletedClasses.length ? "" : "No class has been deleted");
    disable(add, state.online === false ? "The server is away" : "");
    relist();
  });
  on("tool hidden-classes shown strokes drawn", showRows);
  return h(
    "section",
    { class: "panel palette" },
    h("header", { class: "panel-head" }, h("h2", { text: "Classes" }), count, h("span", { class: "spring" }), restore, add),
    list,
    empty,
  );
}

/** Choose a class; erasing and ignoring end, for the next stroke is meant to be of it. */
export function chooseClass(id) {
  state.classId = id;
  if (state.tool === "eraser" || state.tool === "ignore") setTool("brush");
  else emit("tool");
}

/** Choose the class at a place of the palette, as the number keys do. */
export function chooseClassAt(place) {
  const label = state.classes[place];
  if (label) chooseClass(label.id);
}

function relist() {
  const living = new Set(state.classes.map((label) => label.id));
  for (const [id, row] of rows) {
    if (living.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  state.classes.forEach((label, place) => {
    if (!rows.has(label.id)) rows.set(label.id, makeRow(label.id));
    const row = rows.get(label.id);
    if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
  });
  write(count, String(state.classes.length));
  empty.hidden = state.classes.length > 0;
  showRows();
}

function keyOf(place) {
  if (place < 10) return String((place + 1) % 10);
  return place < 20 ? `⇧${(place + 1) % 10}` : "";
}

function showRows() {
  const used = new Map();
  for (const stroke of state.shown === null ? [] : strokesOf(state.shown)) used.set(stroke.class, (used.get(stroke.class) ?? 0) + 1);
  const painting = state.tool === "brush" || state.tool === "point";
  state.classes.forEach((label, place) => showRow(rows.get(label.id), { label, place, used: used.get(label.id) ?? 0, painting }));
}

function showRow(row, { label, place, used, painting }) {
  const hidden = state.hiddenClasses.has(label.id);
  write(row.key, keyOf(place));
  write(row.name, label.name);
  row.choose.title = label.name;
  row.choose.setAttribute("aria-checked", String(label.id === state.classId));
  row.element.classList.toggle("chosen", label.id === state.classId);
  row.element.classList.toggle("painting", painting);
  row.element.classList.toggle("hidden-class", hidden);
  if (row.colour.value !== label.colour) row.colour.value = label.colour;
  row.swatch.style.setProperty("--colour", label.colour);
  write(row.used, used ? String(used) : "");
  row.used.parentElement.hidden = !used;
  row.used.parentElement.title = `${used} ${used === 1 ? "stroke" : "strokes"} on this frame`;
  const word = hidden ? "Show" : "Hide";
  row.eye.title = `${word} ${label.name} in the prediction`;
  row.eye.setAttribute("aria-label", row.eye.title);
  row.eye.setAttribute("aria-pressed", String(!hidden));
}

function makeRow(id) {
  const row = {
    key: h("kbd", { class: "class-key" }),
    name: h("span", { class: "class-name" }),
    used: h("span", { class: "class-count" }),
    colour: h("input", { type: "color", class: "class-colour", title: "Change the colour", "aria-label": "Colour" }),
  };
  row.swatch = h("label", { class: "class-swatch" }, row.colour);
  row.colour.addEventListener("change", () => recolour(id, row.colour.value));
  const usage = h("span", { class: "class-used" }, icon("brush"), row.used);
  row.choose = h("button", { type: "button", class: "class-choose", role: "radio", onclick: () => chooseClass(id) }, row.name, usage, row.key);
  row.eye = button({ icon: "eye", hint: "Hide in the prediction", kind: "quiet small eye", onclick: () => toggle(id) });
  const more = button({ icon: "more", hint: "Rename, merge, delete", kind: "quiet small", onclick: (event) => showClassMenu(id, event.currentTarget) });
  row.element = h("div", { class: "class-row" }, row.swatch, row.choose, row.eye, more);
  row.element.dataset.class = id;
  row.element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    showClassMenu(id, more);
  });
  return row;
}

function toggle(id) {
  const hidden = new Set(state.hiddenClasses);
  if (!hidden.delete(id)) hidden.add(id);
  change("hidden-classes", { hiddenClasses: hidden });
}
