// The depth of frames and how sure it is, as coloured pictures, kept for a while.
import { address } from "./api.js";
import { usedScene } from "./scenedata.js";

const MOST = 16;
const kept = new Map(); // "scene/kind/frame" -> promise of an ImageBitmap or null, least recently used first
let asking = 0;

/** Return whether a picture is on its way. */
export function depthBusy() {
  return asking > 0;
}

/** Return a promise of a picture in the used scene; null where the frame has none, or the server is away. `kind` is depth or reconstruction. */
export function depthPicture(frameId, kind) {
  const key = `${usedScene().number}/${kind}/${frameId}`;
  const picture = kept.get(key) ?? load(key, address(`frames/${frameId}/${kind}.png`));
  kept.delete(key);
  kept.set(key, picture);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST) break;
    kept.delete(oldest);
  }
  return picture;
}

async function load(key, url) {
  asking += 1;
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    if (response.ok) return await createImageBitmap(await response.blob());
    if (response.status !== 404) kept.delete(key); // asked for again
  } catch (error) {
    kept.delete(key);
    console.warn(`${url} can't be read (${error.message})`);
  } finally {
    asking -= 1;
  }
  return null;
}
