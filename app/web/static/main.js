// Builds the studio inside the page's shell and starts it.
import { busy } from "./api.js";
import { openCanvas, stage, viewport } from "./canvas.js";
import { palette } from "./classes.js";
import { depthBusy } from "./depthpictures.js";
import { openDialogs } from "./dialog.js";
import { fill, h } from "./dom.js";
import { exportsView } from "./exports.js";
import { frameList } from "./framelist.js";
import { followGains } from "./ghostdata.js";
import { ghostsBusy, openGhosts } from "./ghosts.js";
import { openKeys } from "./keys.js";
import { connect } from "./live.js";
import { stageNotes } from "./notes.js";
import { overlayBusy } from "./overlay.js";
import { firstFrame, frameSettled, showFrame } from "./playhead.js";
import { openPointer } from "./pointer.js";
import { followProject, loadProject } from "./project.js";
import { drained, open as openQueue } from "./queue.js";
import { openRefused } from "./refused.js";
import { followRounds, loadRounds } from "./rounddata.js";
import { roundsView } from "./rounds.js";
import { sceneCard } from "./scenecard.js";
import { followScenes, loadScenes } from "./scenedata.js";
import { on, prefs, state } from "./state.js";
import { timeline } from "./timeline.js";
import { openToasts, toasts } from "./toasts.js";
import { toolStrip } from "./toolstrip.js";
import { topbar } from "./topbar.js";
import { trainCard } from "./train.js";
import { openUndo, undoSettled } from "./undo.js";
import { swipeBar } from "./swipe.js";
import { splitStage } from "./viewersplit.js";

const RETRY_MS = 1500;

function annotateView() {
  return h(
    "section",
    { class: "view annotate-view", role: "tabpanel", "aria-labelledby": "tab-annotate" },
    frameList(),
    h("div", { class: "centre" }, toolStrip(), splitStage(h("div", { class: "stage-box" }, stage, swipeBar(), stageNotes())), timeline()),
    h("aside", { class: "side" }, palette(), sceneCard(), trainCard()),
  );
}

function build(root) {
  root.dataset.ready = "no";
  const views = { annotate: annotateView(), rounds: roundsView(), exports: exportsView() };
  const show = () => Object.entries(views).forEach(([name, view]) => (view.hidden = name !== state.tab));
  on("tab", show);
  show();
  fill(root, topbar(), h("main", { class: "views" }, Object.values(views)), toasts);
  openDialogs(root);
  openCanvas();
  openGhosts();
  openPointer();
  openKeys();
  openToasts();
  openUndo();
}

async function start() {
  const root = await shell();
  build(root);
  const project = await untilLoaded(loadProject);
  openRefused(project.version);
  await openQueue(project.version);
  followProject();
  followRounds();
  followScenes();
  followGains();
  await untilLoaded(loadRounds);
  await untilLoaded(loadScenes);
  connect(project.seq);
  if (project.frames.length) await showFrame(firstFrame());
  root.dataset.ready = "yes";
}

/** Gradio puts the shell into the page after this module has been loaded, or before. */
async function shell() {
  for (;;) {
    const root = document.getElementById("studio");
    if (root) return root;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

async function untilLoaded(load) {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (!error.offline && error.status !== 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const started = start();

/** Resolves when everything that was asked for is loaded, painted and saved. For tests. */
async function idle() {
  await started;
  await Promise.all([drained(), undoSettled(), frameSettled()]);
  while (busy() || overlayBusy() || depthBusy() || ghostsBusy()) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

window.rewis3d = { idle, state, prefs, viewport };
