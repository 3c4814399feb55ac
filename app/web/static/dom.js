// Building blocks of the page. Text goes in as text nodes only, never as markup.
import { icon } from "./icons.js";

/** Make an element. `props`: class, text, style (object), on* listeners, properties, attributes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === "class") element.className = value;
  else if (name === "text") element.textContent = value;
  else if (name === "style") for (const [key, item] of Object.entries(value)) element.style.setProperty(key, item);
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name in element && !name.startsWith("aria")) element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** Replace all children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button with an icon, a label or both. `hint` is its tooltip and accessible name. */
export function button({ icon: name, label, hint, kind = "", onclick, ...props }) {
  const element = h("button", { type: "button", class: `button ${kind} ${label ? "" : "icon-only"}`, ...props });
  if (name) element.append(icon(name));
  if (label) element.append(h("span", { class: "label", text: label }));
  if (hint) element.title = hint;
  if (!label) element.setAttribute("aria-label", hint);
  element.dataset.hint = hint ?? "";
  if (onclick) {
    element.addEventListener("click", (event) => {
      if (element.getAttribute("aria-disabled") !== "true") onclick(event);
    });
  }
  return element;
}

/** Disable a button with the reason as its tooltip, or enable it where there is none. */
export function disable(element, reason) {
  // aria-disabled, not disabled: the button can still be reached and say why
  if (reason) element.setAttribute("aria-disabled", "true");
  else element.removeAttribute("aria-disabled");
  element.title = reason || element.dataset.hint || "";
  if (reason) element.setAttribute("aria-description", reason);
  else element.removeAttribute("aria-description");
}

/** Set text only where it differs, so that nothing is laid out anew for nothing. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Return a function that runs `draw` once before the next paint, however often it is called. */
export function oncePerPaint(draw) {
  let asked = 0;
  return () => {
    if (asked) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
}

export { icon };
