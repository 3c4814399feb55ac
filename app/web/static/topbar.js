// The bar at the top: project, tabs, the active round, whether all is saved, theme and help.
import { button, fill, h, icon, write } from "./dom.js";
import { showKeys } from "./keysheet.js";
import { flush } from "./queue.js";
import { retryNow } from "./live.js";
import { change, on, prefer, prefs, shownRound, state } from "./state.js";

const TABS = [
  ["annotate", "Annotate"],
  ["rounds", "Rounds"],
  ["exports", "Export"],
];
const THEMES = { system: "system", light: "sun", dark: "moon" };
const name = h("span", { class: "project-name" });
const tabs = h("nav", { class: "tabs", role: "tablist", "aria-label": "Views" });
const round = h("button", { class: "chip round-chip", type: "button" });
const saving = h("button", { class: "chip save-chip", type: "button", "aria-live": "polite" });
const theme = h("span", { class: "theme-slot" });

/** Return the bar. */
export function topbar() {
  for (const [id, label] of TABS) tabs.append(tab(id, label));
  round.addEventListener("click", () => change("tab", { tab: "rounds" }));
  saving.addEventListener("click", () => (retryNow(), flush()));
  on("tab", showTab);
  on("project", () => {
    write(name, state.project.name);
    document.title = `${state.project.name} – Rewis3d Studio`;
  });
  on("rounds project", showRound);
  on("saving connection", showSaving);
  on("prefs", showTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
  showTab();
  showRound();
  showSaving();
  showTheme();
  return h(
    "header",
    { class: "topbar" },
    h("div", { class: "brand" }, h("span", { class: "mark" }, icon("logo")), name),
    tabs,
    h("div", { class: "topbar-end" }, round, saving, theme, helpButton()),
  );
}

function helpButton() {
  return button({ icon: "help", hint: "Keys and help (?)", kind: "quiet", onclick: showKeys });
}

function tab(id, label) {
  const element = h("button", { type: "button", class: "tab", role: "tab", id: `tab-${id}`, text: label });
  element.dataset.tab = id;
  element.addEventListener("click", () => change("tab", { tab: id }));
  return element;
}

function showTab() {
  for (const element of tabs.children) {
    const chosen = element.dataset.tab === state.tab;
    element.setAttribute("aria-selected", String(chosen));
  }
}

function showRound() {
  const shown = shownRound();
  round.classList.toggle("preview", state.previewRound !== null);
  if (!shown) {
    round.title = "No round has predicted anything yet";
    fill(round, h("span", { class: "dot idle" }), h("span", { text: "No active round" }));
    return;
  }
  const behind = shown.strokes_behind;
  const what = state.previewRound === null ? "Round" : "Preview of round";
  const late = behind ? `${behind} ${behind === 1 ? "stroke" : "strokes"} behind` : "up to date";
  round.title = "Open the rounds";
  fill(
    round,
    h("span", { class: `dot ${behind ? "stale" : "good"}` }),
    h("span", { text: `${what} ${shown.number}` }),
    h("span", { class: "chip-note", text: late }),
  );
}

const SAVED = {
  saved: ["check", "Saved", "Every stroke is on the server's disk"],
  saving: ["sync", "Saving", "Strokes are on their way to the server's disk"],
  connecting: ["sync", "Connecting", "Connecting to the server"],
  offline: ["cloud-off", "Offline", "The server is away. You can go on drawing: strokes are kept in this browser and sent when it is back. Click to try now."],
};

function showSaving() {
  const kind = state.online === null ? "connecting" : !state.online ? "offline" : state.waiting ? "saving" : "saved";
  const [name, label, hint] = SAVED[kind];
  const counts = { saving: ` ${state.waiting}`, offline: state.waiting ? ` · ${state.waiting} waiting` : "" };
  saving.dataset.state = kind;
  saving.title = hint;
  fill(saving, icon(name), h("span", { text: label + (counts[kind] ?? "") }));
}

function showTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = prefs.theme === "system" ? (dark ? "dark" : "light") : prefs.theme;
  document.documentElement.dataset.theme = now;
  const order = Object.keys(THEMES);
  const next = order[(order.indexOf(prefs.theme) + 1) % order.length];
  const onclick = () => prefer({ theme: next });
  const hint = `Theme: ${prefs.theme}. Click for ${next}.`;
  const had = theme.contains(document.activeElement);
  fill(theme, button({ icon: THEMES[prefs.theme], hint, kind: "quiet theme-button", onclick }));
  if (had) theme.firstChild.focus();
}

