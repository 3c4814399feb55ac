// Modal dialogs and menus.
import { button, h } from "./dom.js";

let home = document.body;

/** Say where dialogs live: inside the studio, for its styles. */
export function openDialogs(element) {
  home = element;
}

/** Return whether a dialog or menu has the keyboard. */
export function dialogOpen() {
  return home.querySelector("dialog[open], .menu") !== null;
}

/** Show a dialog; returns the element. `actions` are buttons in the footer. */
export function showDialog({ title, body, actions = [], kind = "" }) {
  const close = () => dialog.close();
  const dialog = h(
    "dialog",
    { class: `dialog ${kind}`, tabIndex: -1, "aria-label": title },
    h("header", {}, h("h2", { text: title }), button({ icon: "close", hint: "Close", kind: "quiet", onclick: close })),
    h("div", { class: "dialog-body" }, body),
    actions.length ? h("footer", {}, actions) : null,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  home.append(dialog);
  dialog.showModal();
  dialog.focus(); // rather than its first button
  return dialog;
}

/** Ask; resolves to true where the person confirms. */
export function confirm({ title, text, yes, danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const accept = () => ((answer = true), dialog.close());
    const dialog = showDialog({
      title,
      body: h("p", { text }),
      actions: [
        button({ label: "Cancel", hint: "Cancel", onclick: () => dialog.close() }),
        button({ label: yes, hint: yes, kind: danger ? "danger" : "primary", onclick: accept }),
      ],
    });
    dialog.addEventListener("close", () => resolve(answer));
    dialog.querySelector("footer .button:last-child").focus();
  });
}

/** Show a menu below an element. `items` are {icon, label, run, reason, danger}. */
export function showMenu(anchor, items) {
  closeMenu();
  const entries = items.map((item) => {
    const run = () => (closeMenu(), item.run());
    const entry = button({ icon: item.icon, label: item.label, hint: item.label, kind: `menu-item ${item.danger ? "danger-text" : ""}`, onclick: run });
    entry.setAttribute("role", "menuitem");
    if (item.reason) {
      entry.setAttribute("aria-disabled", "true");
      entry.title = item.reason;
    }
    return entry;
  });
  const menu = h("div", { class: "menu", role: "menu" }, entries);
  home.append(menu);
  position(menu, anchor.getBoundingClientRect());
  menu.addEventListener("keydown", (event) => steer(event, entries, anchor));
  setTimeout(() => document.addEventListener("pointerdown", outside, true));
  entries[0]?.focus();
}

function position(menu, box) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = box.bottom + 4 + height < innerHeight;
  menu.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, box.right - width))}px`;
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - 4 - height)}px`;
}

function steer(event, entries, anchor) {
  const place = entries.indexOf(document.activeElement);
  const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (steps) entries[(place + steps + entries.length) % entries.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") (closeMenu(), anchor.focus());
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function outside(event) {
  if (!event.target.closest?.(".menu")) closeMenu();
}

function closeMenu() {
  document.removeEventListener("pointerdown", outside, true);
  home.querySelector(".menu")?.remove();
}
