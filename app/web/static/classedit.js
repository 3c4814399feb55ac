// Changing the palette: add, rename, recolour, merge, delete, restore.
import { patch, post, remove } from "./api.js";
import { confirm, showDialog, showMenu } from "./dialog.js";
import { button, h } from "./dom.js";
import { takeClasses } from "./project.js";
import { classOf, emit, state } from "./state.js";

const COLOURS = [
  "#e6194b", "#3cb44b", "#ffe119", "#4363d8", "#f58231", "#911eb4", "#42d4f4", "#f032e6",
  "#bfef45", "#fabed4", "#469990", "#dcbeff", "#9a6324", "#fffac8", "#800000", "#aaffc3",
];

/** Show what can be done to a class. */
export function showClassMenu(id, anchor) {
  const label = classOf(id);
  const alone = state.classes.length < 2 ? "There is no other class" : "";
  const away = state.online === false ? "The server is away" : "";
  showMenu(anchor, [
    { icon: "pencil", label: "Rename…", run: () => editClass(label), reason: away },
    { icon: "merge", label: "Merge into…", run: () => mergeClass(label), reason: away || alone },
    {
      icon: "cube",
      label: label.has_geometry ? "Has no surface (sky)" : "Has a surface",
      run: () => act(() => patch(`classes/${id}`, { has_geometry: !label.has_geometry })),
      reason: away,
    },
    { icon: "trash", label: "Delete…", run: () => deleteClass(label), danger: true, reason: away },
  ]);
}

/** Change a class's colour. */
export function recolour(id, colour) {
  return act(() => patch(`classes/${id}`, { colour }));
}

/** Ask for a new class and add it. */
export function addClass() {
  const used = new Set(state.classes.map((label) => label.colour.toLowerCase()));
  const colour = COLOURS.find((item) => !used.has(item)) ?? COLOURS[state.classes.length % COLOURS.length];
  const { name, swatch, fields } = nameFields("", colour);
  form("Add a class", "Add", fields, () => post("classes", { name: name.value.trim(), colour: swatch.value, has_geometry: true }));
}

function editClass(label) {
  const { name, swatch, fields } = nameFields(label.name, label.colour);
  form("Rename class", "Save", fields, () => patch(`classes/${label.id}`, changes(label, name.value.trim(), swatch.value)));
}

function changes(label, name, colour) {
  return colour === label.colour ? { name } : { name, colour };
}

function nameFields(value, colour) {
  const name = h("input", { class: "field", value, required: true, maxLength: 100, placeholder: "Name", "aria-label": "Name", autocomplete: "off" });
  const swatch = h("input", { type: "color", class: "colour-field", value: colour, "aria-label": "Colour" });
  return { name, swatch, fields: h("div", { class: "name-fields" }, swatch, name) };
}

function form(title, yes, fields, submit) {
  const problem = h("p", { class: "problem", role: "alert" });
  const body = h("form", { method: "dialog" }, fields, problem);
  const accept = button({ label: yes, hint: yes, kind: "primary", onclick: () => body.requestSubmit() });
  const dialog = showDialog({ title, body, actions: [button({ label: "Cancel", hint: "Cancel", onclick: () => dialog.close() }), accept] });
  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      takeClasses((await submit()).classes);
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  const first = body.querySelector(".field");
  first.focus();
  first.select?.(); // a choice has no text to select
}

function mergeClass(label) {
  const others = state.classes.filter((item) => item.id !== label.id);
  const into = h("select", { class: "field", "aria-label": "Class that takes over" }, others.map((item) => h("option", { value: item.id, text: item.name })));
  const text = h("p", {}, "All strokes of ", h("b", { text: label.name }), " become strokes of the class that you choose. Earlier rounds keep their own classes, and the merge can be taken back by restoring the class.");
  form(`Merge class`, "Merge", h("div", { class: "stack" }, text, into), () => post(`classes/${label.id}/merge`, { into: Number(into.value) }));
}

async function deleteClass(label) {
  const sure = await confirm({
    title: "Delete class",
    text: `“${label.name}” leaves the palette and its strokes are no longer used. They are kept, and come back when you restore the class.`,
    yes: "Delete class",
    danger: true,
  });
  if (sure) act(() => remove(`classes/${label.id}`));
}

/** Show the deleted classes, to bring one back. */
export function restoreMenu(anchor) {
  const items = state.deletedClasses.map((label) => ({
    icon: "restore",
    label: label.name,
    run: () => act(() => post(`classes/${label.id}/restore`)),
  }));
  showMenu(anchor, items);
}

async function act(request) {
  try {
    takeClasses((await request()).classes);
  } catch (error) {
    emit("classes"); // a colour field goes back to what the class has
    emit("trouble", `Class not changed: ${error.message}.`);
  }
}
