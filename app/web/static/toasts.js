// Short notices at the bottom of the page.
import { button, fill, h } from "./dom.js";
import { on } from "./state.js";

const SHOWN_MS = 4500;
const MOST = 4;
export const toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

/** Show a notice. Without `lasting` it goes by itself. `action` is {label, run};
 * `dismissed` is called when the person closes it. */
export function toast(text, { kind = "info", lasting = false, action, dismissed } = {}) {
  const old = [...toasts.children].find((item) => item.dataset.text === text);
  old?.remove();
  const notice = h("div", { class: `toast ${kind} ${lasting ? "lasting" : ""}` }, h("span", { class: "toast-text", text }));
  notice.dataset.text = text;
  const leave = () => notice.remove();
  if (action) {
    const run = () => (leave(), action.run());
    notice.append(button({ label: action.label, hint: action.label, kind: "quiet", onclick: run }));
  }
  notice.append(button({ icon: "close", hint: "Dismiss", kind: "quiet small", onclick: () => (leave(), dismissed?.()) }));
  toasts.append(notice);
  if (!lasting) setTimeout(leave, SHOWN_MS);
  trim();
  return notice;
}

function trim() {
  const passing = [...toasts.children].filter((item) => !item.classList.contains("lasting"));
  if (passing.length > MOST) passing[0].remove();
}

/** Show what goes wrong anywhere. */
export function openToasts() {
  on("trouble", (text) => toast(text, { kind: "error" }));
  on("note", (text) => toast(text));
  window.addEventListener("unhandledrejection", ({ reason }) => {
    if (reason?.name === "ApiError" || reason?.status !== undefined) toast(reason.message, { kind: "error" });
  });
  fill(toasts);
}
