// What this browser keeps over reloads because the server does not have it yet.
import { emit } from "./state.js";

/** Keep a value under a key of localStorage; says so where the browser has no room for it. */
export function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch (error) {
    if (error.name !== "QuotaExceededError") throw error;
    emit("trouble", "This browser's storage is full: the newest strokes are lost if the page closes before they are saved.");
  }
}

/** Return a random uuid; crypto.randomUUID is missing on plain http to another machine. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
