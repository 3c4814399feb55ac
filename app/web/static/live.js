// One WebSocket per tab: the server's notices, and whether it is there.
import { knock } from "./api.js";
import { clientName } from "./queue.js";
import { change, emit, on, state } from "./state.js";

const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 5000;
const LOST_AFTER_MS = 3000;
let socket = null;
let delay = FIRST_DELAY_MS;
let timer = 0;
let seq = 0;

/** Connect, and stay connected. `known` is the number of the last event that the page shows. */
export function connect(known) {
  seq = known;
  open();
  window.addEventListener("online", retryNow);
  window.addEventListener("offline", () => lost());
  on("unreachable", () => {
    if (state.online === false) return; // the next attempt has its time
    if (socket?.readyState !== WebSocket.OPEN || !navigator.onLine) lost();
  });
}

/** Try again at once, rather than when the wait is over. */
export function retryNow() {
  if (socket?.readyState === WebSocket.OPEN) return;
  knock();
  delay = FIRST_DELAY_MS;
  open();
}

function open() {
  clearTimeout(timer);
  if (socket) socket.onclose = socket.onmessage = null;
  socket?.close();
  const url = new URL("../api/live", import.meta.url);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("since", seq);
  url.searchParams.set("client", clientName());
  socket = new WebSocket(url);
  socket.onmessage = (message) => receive(JSON.parse(message.data));
  socket.onclose = refused;
  timer = setTimeout(lost, LOST_AFTER_MS); // a connection that never opens
}

/** A socket that closes does not say why: a session that has run out shows at the door. */
function refused() {
  lost();
  knock();
}

function lost() {
  clearTimeout(timer);
  if (socket) socket.onclose = null;
  socket?.close();
  if (state.online !== false) change("connection", { online: false });
  timer = setTimeout(open, delay * (0.75 + Math.random() / 2));
  delay = Math.min(delay * 2, LONGEST_DELAY_MS);
}

function receive(event) {
  if (event.kind === "hello") return greet(); // what was missed follows
  if (event.seq !== undefined) seq = state.seq = Math.max(seq, event.seq); // what is said to this tab alone has no number
  if (event.kind === "reload") return emit("resync"); // more was missed than the server keeps
  emit(`live:${event.kind}`, event);
}

function greet() {
  clearTimeout(timer);
  delay = FIRST_DELAY_MS;
  change("connection", { online: true });
}
