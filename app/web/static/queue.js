// Strokes on their way to the server's disk. They wait in localStorage and are sent in order;
// the server knows each by its uuid, so that sending one twice does nothing.
import { ApiError, post } from "./api.js";
import { change, emit, on, state } from "./state.js";

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 5000;
const CLIENT = "rewis3d:client";
const ops = [];
let prefix = "";
let client = "";
let number = 0;
let sending = false;
let delay = FIRST_DELAY_MS;
let timer = 0;
let told = ""; // why strokes can't be saved, as the person knows it
let waiters = [];

/** Take up the strokes that an earlier page of this project left, and begin to send. */
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

/** Keep a stroke and send it. `stroke` is the body of POST /api/strokes without the client. */
export function push(stroke) {
  number += 1;
  const op = { key: `${prefix}${client}:${String(number).padStart(9, "0")}:${stroke.uuid}`, stroke };
  ops.push(op);
  keep(op);
  tell();
  flush();
}

/** Return the strokes of a frame that are not acknowledged yet, oldest first. */
export function pending(frameId) {
  return ops.filter((op) => op.stroke.frame === frameId).map((op) => op.stroke);
}

/** Resolve when nothing waits any more. */
export function drained() {
  return ops.length ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve();
}

function keep(op) {
  try {
    localStorage.setItem(op.key, JSON.stringify(op.stroke));
  } catch (error) {
    if (error.name !== "QuotaExceededError") throw error;
    emit("trouble", "This browser's storage is full: the newest strokes are lost if the page closes before they are saved.");
  }
}

/** Send what waits, now. */
export async function flush() {
  clearTimeout(timer);
  if (sending) return;
  sending = true;
  try {
    while (ops.length) await sendOne(ops[0]);
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

/** A server that answers but can't keep strokes (a full disk) says why; once. */
function explain(error) {
  if (error.status === 0 || error.message === told) return;
  told = error.message;
  emit("trouble", `Strokes wait in this browser, for they can't be saved now: ${told}`);
}

async function sendOne(op) {
  try {
    const { revision } = await post("strokes", { ...op.stroke, client });
    done(op);
    emit("acknowledged", { stroke: op.stroke, revision });
  } catch (error) {
    if (!(error instanceof ApiError) || !refused(error)) throw error;
    done(op);
    emit("refused", { stroke: op.stroke, reason: error.message });
  }
  tell();
}

function refused({ status, ours }) {
  // What another program or a proxy answers is no judgement on a stroke. 401 leads to the login, 412 to
  // the project that is here now, and 403, 408, 429 pass: such strokes wait.
  return ours && status >= 400 && status < 500 && ![401, 403, 408, 412, 429].includes(status);
}

function done(op) {
  ops.splice(ops.indexOf(op), 1);
  localStorage.removeItem(op.key);
}

function tell() {
  if (!ops.length) {
    waiters.forEach((resolve) => resolve());
    waiters = [];
  }
  change("saving", { waiting: ops.length });
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
    ops.push({ key, stroke: JSON.parse(localStorage.getItem(key)) });
  }
  tell();
}

async function livingClients() {
  if (!navigator.locks) return new Set();
  const { held } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name.slice(CLIENT.length + 1)));
}

/** Return a random uuid; crypto.randomUUID is missing on plain http to another machine. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
