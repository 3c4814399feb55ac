// The frames' images, decoded ahead of need and kept within a budget of memory.
import { ApiError, leaveForLogin, picture } from "./api.js";
import { state } from "./state.js";

const BUDGET_BYTES = 256e6;
const LEAST_KEPT = 8;
const kept = new Map(); // frame id -> promise of an ImageBitmap, least recently used first

/** Return a promise of a frame's decoded image. */
export function imageOf(frameId) {
  const known = kept.get(frameId);
  if (known) {
    kept.delete(frameId);
    kept.set(frameId, known);
    return known;
  }
  const image = decode(frameId);
  kept.set(frameId, image);
  image.catch(() => kept.delete(frameId)); // tried again when it is asked for again
  shed();
  return image;
}

async function decode(frameId) {
  let response;
  try {
    response = await fetch(picture(frameId, "image"), { credentials: "same-origin" });
  } catch (error) {
    throw new ApiError(`the image can't be loaded (${error.name})`, 0);
  }
  if (response.status === 401) leaveForLogin();
  if (!response.ok) throw new ApiError(`the image can't be loaded (${response.status})`, response.status);
  try {
    return await createImageBitmap(await response.blob());
  } catch (error) {
    throw new ApiError(`the image can't be read (${error.message})`, 0); // cut short on the way, or broken
  }
}

function shed() {
  const frame = state.frames[0];
  const most = Math.max(LEAST_KEPT, Math.floor(BUDGET_BYTES / (frame ? frame.width * frame.height * 4 : 1)));
  for (const [frameId, image] of kept) {
    if (kept.size <= most) return;
    kept.delete(frameId);
    image.then((bitmap) => bitmap.close(), () => {});
  }
}
