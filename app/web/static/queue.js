// Changes on their way to the server's disk: strokes, removals, undo and redo. They wait in
// localStorage and are sent one after the other, in the order in which a hand made them; the server
// knows each by its uuid, so that sending one twice does nothing.
import { ApiError, post } from "./api.js";
import { goneAfter } from "./foretell.js";
import { keep, uuid } from "./shelf.js";
import { change, emit, on, state } from "./state.js";

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 5000;
const SAVED_WITHIN_MS = 20000;
const CLIENT = "rewis3d:client";
const REQUESTS = {
  stroke: (op) => ["strokes", { uuid: op.uuid, frame: op.frame, class: op.class, width: op.width, xy: op.xy }],
  remove: (op) => ["strokes/remove", { uuids: op.uuids }],
  undo: (op) => ["undo", { uuid: op.uuid, stroke: op.of?.uuids[0] }],
  redo: (op) => ["redo", { uuid: op.uuid, stroke: op.of?.uuids[0] }],
};
const entries = []; // {key, op}, the next one first
let prefix = "";
let client = "";
let number = 0;
let sending = false;
let delay = FIRST_DELAY_MS;
let timer = 0;
let told = ""; // why changes can't be saved, as the person knows it
let waiters = []; // {resolve, reject}

/** Take up what an earlier page of this project left, and begin to send. */
export async function open(projectKey) {
  prefix = `rewis3d:stroke:${projectKey}:`;
  client = await claimClient();
  await adopt();
  on("connection", () => state.online && flush());
  window.addEventListener("online", flush);
  flush();
}

/** The name of this tab in the server's op log. */
export function clientName() {
  return client;
}

/** Keep a change and send it: {kind: "stroke", uuid, frame, class, width, xy}, {kind: "remove", uuid,
 * frame, uuids}, or {kind: "undo" or "redo", uuid, of} with the gesture of foretell.js or null. */
export function push(op) {
  number += 1;
  const entry = { key: `${prefix}${client}:${String(number).padStart(9, "0")}:${op.uuid}`, op };
  entries.push(entry);
  keep(entry.key, op);
  tell();
  flush();
}

/** Return the changes that wait, oldest first. */
export function waiting() {
  return entries.map((entry) => entry.op);
}

/** Return the strokes of a frame that are not acknowledged yet, oldest first. */
export function pending(frameId) {
  return waiting().filter((op) => op.kind === "stroke" && op.frame === frameId);
}

/** Resolve when nothing waits any more, however long that takes. */
export function drained() {
  return entries.length ? new Promise((resolve) => waiters.push({ resolve, reject: () => {} })) : Promise.resolve();
}

/** Resolve when nothing waits any more; reject with an ApiError when the server can't save, or takes too long. */
export function saved() {
  if (!entries.length) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const late = () => reject(new ApiError("strokes are still on their way to the server; try again when they are saved", 0));
    const limit = setTimeout(late, SAVED_WITHIN_MS);
    const ended = (settle) => (value) => (clearTimeout(limit), settle(value));
    waiters.push({ resolve: ended(resolve), reject: ended(reject) });
    flush(); // now, rather than when the wait is over
  });
}

/** Send what waits, now. */
export async function flush() {
  clearTimeout(timer);
  if (sending) return;
  sending = true;
  try {
    while (entries.length) await sendOne(entries[0]);
    delay = FIRST_DELAY_MS;
    told = "";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    explain(error);
    timer = setTimeout(flush, delay);
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  } finally {
    sending = false;
  }
}

/** A server that answers but can't keep strokes (a full disk) says why: once, and to each who waits for it. */
function explain(error) {
  if (error.status === 0 || error.status === 401) return;
  const left = waiters.splice(0);
  waiters = left.filter(({ reject }) => (reject(new ApiError(`strokes can't be saved: ${error.message}`, error.status)), false));
  if (error.message === told) return;
  told = error.message;
  emit("trouble", `Strokes wait in this browser, for they can't be saved now: ${told}`);
}

async function sendOne(entry) {
  const { op } = entry;
  const [path, body] = REQUESTS[op.kind](op);
  try {
    const answer = await post(path, { ...body, client });
    done(entry);
    if (op.kind === "stroke") emit("acknowledged", { stroke: op, revision: answer.revision });
    else emit("applied", { op, answer });
  } catch (error) {
    if (!(error instanceof ApiError) || !refused(error)) throw error;
    refuse(entry, error);
  }
  tell();
}

function refused({ status, ours }) {
  // What another program or a proxy answers is no judgement on a stroke. 401 leads to the login, 412 to
  // the project that is here now, and 403, 408, 429 pass: such strokes wait.
  return ours && status >= 400 && status < 500 && ![401, 403, 408, 412, 429].includes(status);
}

function refuse(entry, { message, status }) {
  const { op } = entry;
  const wanted = !goneAfter(waiting(), []).has(op.uuid);
  done(entry);
  if (op.kind !== "stroke") return emit("step-refused", { op, reason: message, status });
  leaveOut(op.uuid);
  emit("withdrawn", op.frame);
  if (wanted) emit("refused", { stroke: op, reason: message });
}

/** What was to be done to a stroke that never came to be is not done. */
function leaveOut(uuid) {
  for (const entry of [...entries]) {
    const { op } = entry;
    if (op.of?.uuid === uuid) done(entry);
    if (op.kind !== "remove" || !op.uuids.includes(uuid)) continue;
    op.uuids = op.uuids.filter((item) => item !== uuid);
    if (op.uuids.length) keep(entry.key, op);
    else done(entry);
  }
}

function done(entry) {
  entries.splice(entries.indexOf(entry), 1);
  localStorage.removeItem(entry.key);
}

function tell() {
  if (!entries.length) waiters.splice(0).forEach(({ resolve }) => resolve());
  change("saving", { waiting: entries.length });
}

async function claimClient() {
  const known = sessionStorage.getItem(CLIENT);
  // A duplicated tab copies sessionStorage: the lock tells which of the two keeps the name.
  const name = known && (await hold(known)) ? known : uuid();
  if (name !== known) await hold(name);
  sessionStorage.setItem(CLIENT, name);
  return name;
}

function hold(name) {
  if (!navigator.locks) return Promise.resolve(true); // plain http to another machine
  return new Promise((resolve) => {
    navigator.locks.request(`${CLIENT}:${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {}); // held until the tab closes
    });
  });
}

async function adopt() {
  const living = await livingClients();
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix)).sort();
  for (const key of keys) {
    const owner = key.slice(prefix.length).split(":")[0];
    number = Math.max(number, Number(key.slice(prefix.length).split(":")[1]) || 0);
    if (owner !== client && living.has(owner)) continue;
    entries.push({ key, op: { kind: "stroke", ...JSON.parse(localStorage.getItem(key)) } }); // strokes alone waited once
  }
  tell();
}

async function livingClients() {
  if (!navigator.locks) return new Set();
  const { held } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name.slice(CLIENT.length + 1)));
}
