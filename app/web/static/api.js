// The one door to the server. Every failure is an ApiError with one line for people.
import { emit, state } from "./state.js";

const ROOT = new URL("../api/", import.meta.url);
const TIMEOUT_MS = 15000;
const ANOTHER_PROJECT = 412;
let inFlight = 0;

export class ApiError extends Error {
  /** `status` is 0 where the server can't be reached; `ours` says that the studio itself answered. */
  constructor(message, status, ours = false) {
    super(message);
    this.status = status;
    this.ours = ours;
  }

  get offline() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** Return the absolute address of a path below /api/. */
export function address(path) {
  return new URL(path, ROOT).href;
}

/** Return the address of a frame's picture; the project's version lets the browser keep it. */
export function picture(frameId, kind) {
  return address(`frames/${frameId}/${kind}?v=${state.project.version}`);
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);
export const patch = (path, body) => request("PATCH", path, body);
export const remove = (path) => request("DELETE", path);

/** Return whether requests are under way. */
export function busy() {
  return inFlight > 0;
}

async function request(method, path, body) {
  inFlight += 1;
  try {
    const response = await send(method, path, body);
    if (response.status === 401) leaveForLogin();
    const answer = await read(response);
    const ours = typeof answer?.error === "string";
    if (ours && response.status === ANOTHER_PROJECT) location.reload(); // what waits stays under its own project's name
    if (!response.ok) throw new ApiError(ours ? answer.error : `the server answered ${response.status}`, response.status, ours);
    return answer;
  } finally {
    inFlight -= 1;
  }
}

async function send(method, path, body) {
  const options = { method, signal: AbortSignal.timeout(TIMEOUT_MS), credentials: "same-origin" };
  options.headers = state.project ? { "X-Rewis3d-Project": state.project.version } : {};
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  try {
    return await fetch(address(path), options);
  } catch (error) {
    emit("unreachable");
    throw new ApiError(`the server can't be reached (${error.name})`, 0);
  }
}

async function read(response) {
  try {
    return await response.json();
  } catch (error) {
    if (response.ok) throw new ApiError(`the server's answer can't be read (${error.message})`, 0);
    return null; // an error page of a proxy: the status says enough
  }
}

/** Ask for next to nothing: a session that has run out leads to the login, all else is passed over. */
export async function knock() {
  const door = new URL("icon.svg", import.meta.url); // as closed as everything else
  try {
    const { status } = await fetch(door, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (status === 401) leaveForLogin();
  } catch (error) {
    if (!["TypeError", "TimeoutError"].includes(error.name)) throw error; // away: whoever tries to connect sees it too
  }
}

/** Go where one logs in; the login leads back to this page. */
export function leaveForLogin() {
  // Strokes that wait are in localStorage: they are sent after the login.
  location.assign(new URL("../login", import.meta.url));
}
