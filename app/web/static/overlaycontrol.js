// What lies over the image, and how much of it shows.
import { button, disable, h, write } from "./dom.js";
import { overlayKind } from "./overlay.js";
import { usedScene } from "./scenedata.js";
import { on, prefer, prefs, shownRound, state } from "./state.js";

const KINDS = [
  ["prediction", "Prediction", "What the round predicts"],
  ["depth", "Depth", "How far away each pixel is"],
  ["reconstruction", "Depth confidence", "How sure the reconstruction is of each depth"],
];

/** Return the group of the tool strip. */
export function overlayControl() {
  const toggle = button({ icon: "layers", hint: "Show the overlay (O); hold H to see the bare image", kind: "quiet", onclick: () => prefer({ overlay: !prefs.overlay }) });
  const fade = button({ icon: "fade", hint: "Fade where the prediction is unsure", kind: "quiet", onclick: () => prefer({ fade: !prefs.fade }) });
  const slider = h("input", { type: "range", class: "slider", min: 0, max: 100, step: 1, "aria-label": "Opacity of the overlay" });
  const value = h("output", { class: "value overlay-value" });
  slider.addEventListener("input", () => prefer({ opacity: slider.value / 100, overlay: true }));
  const show = () => {
    const percent = Math.round(100 * prefs.opacity);
    toggle.setAttribute("aria-pressed", String(prefs.overlay));
    fade.setAttribute("aria-pressed", String(prefs.fade));
    if (document.activeElement !== slider) slider.value = percent;
    slider.style.setProperty("--filled", `${percent}%`);
    write(value, `${percent} %`);
    const reason = whyNone();
    disable(toggle, reason);
    disable(fade, reason || (overlayKind() === "prediction" ? "" : "Only predictions fade"));
    slider.disabled = Boolean(reason);
    slider.title = reason || "Opacity of the overlay";
  };
  on("prefs rounds project frame scenes", show);
  show();
  return h("div", { class: "group" }, toggle, choice(), slider, value, fade);
}

function whyNone() {
  if (overlayKind() !== "prediction") return "";
  return shownRound() || state.frames.some((frame) => frame.predicted !== null) ? "" : "There is no prediction yet: train a round first";
}

function choice() {
  const options = KINDS.map(([value, text, title]) => h("option", { value, text, title }));
  const select = h("select", { class: "field over-choice", "aria-label": "What lies over the image" }, options);
  select.addEventListener("change", () => (prefer({ over: select.value, overlay: true }), select.blur()));
  const show = () => {
    for (const option of options.slice(1)) option.disabled = !usedScene();
    select.value = overlayKind();
    select.title = usedScene() ? "What lies over the image" : "Depth can lie over the image once there is a scene: reconstruct in 3D first";
  };
  on("prefs scenes", show);
  show();
  return select;
}
