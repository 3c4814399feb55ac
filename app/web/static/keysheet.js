// The sheet of keys.
import { dialogOpen, showDialog } from "./dialog.js";
import { h } from "./dom.js";

// in the order in which they fill two columns
const SHEET = [
  ["Draw", [["B", "Brush"], ["E", "Eraser"], ["P", "Point"], ["I", "Ignore brush"], ["[  ]", "Brush smaller, larger"], ["1 – 9, 0", "Class 1 to 10"], ["⇧ 1 – 9, 0", "Class 11 to 20"], ["⇧ drag", "Straight line"], ["Esc", "Give up the stroke in hand, or end a comparison"]]],
  ["Change", [["Ctrl Z", "Undo"], ["Ctrl ⇧ Z", "Redo"], ["T", "Train a quick round"], ["⇧ T", "Train a full round"]]],
  ["Look", [["Wheel", "Zoom at the cursor"], ["Space drag", "Pan (or middle button)"], ["+  −", "Zoom in, out"], ["F", "Fit the frame"], ["O", "Overlay on, off"], ["G", "Strokes of other frames on, off"], ["H", "Hold to see the bare image"], ["V", "Scene in 3D on, off"]]],
  ["Go", [["A  ←  ↑", "Previous frame"], ["D  →  ↓", "Next frame"], ["⇧ A  ⇧ D", "Ten frames"], ["Home  End", "First, last frame"], ["?", "This sheet"]]],
];

/** Show the keys. */
export function showKeys() {
  if (dialogOpen()) return;
  const groups = SHEET.map(([title, keys]) => h("section", { class: "key-group" }, h("h3", { text: title }), h("dl", {}, keys.map(entry))));
  const hint = h("p", { class: "hint", text: "Mark a little of everything on one frame, train, then correct where the prediction is wrong. Every stroke is saved as you draw." });
  showDialog({ title: "Keys", body: [h("div", { class: "key-sheet" }, groups), hint], kind: "wide" });
}

function entry([keys, meaning]) {
  return h("div", { class: "key-row" }, h("dt", {}, keys.split("  ").map((key) => h("kbd", { text: key }))), h("dd", { text: meaning }));
}
