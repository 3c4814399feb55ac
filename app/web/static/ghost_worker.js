// Reads what strokes of other frames say in a frame, and colours it, beside the thread that paints.
import { readGrey } from "./greys.js";

const NONE = 255;
let known = null; // {frame, width, height, values}: what was read last

self.onmessage = async ({ data }) => {
  let answer = null; // the server is away, or its answer was cut short: what is shown stays
  try {
    if (!data.known || known?.frame !== data.frame) known = await read(data);
    answer = paint(known, data.colours);
  } catch (error) {
    console.warn(`strokes of other frames can't be read (${error.message})`);
  }
  self.postMessage({ request: data.request, answer }, answer?.bitmap ? [answer.bitmap] : []);
};

async function read({ frame, address }) {
  const response = await fetch(address, { credentials: "same-origin" });
  if (response.status >= 500) throw new Error(`the server answered ${response.status}`);
  if (!response.ok) return { frame, width: 0, height: 0, values: [] }; // no place in the scene
  return { frame, ...(await readGrey(await response.blob())) };
}

/** Return the labels' box of the grid in colours: {bitmap, box: {x, y, width, height}, width, height}. */
function paint({ width, height, values }, colours) {
  const box = boxOf(width, values, colours);
  if (!box) return { bitmap: null, box: null, width, height };
  const canvas = new OffscreenCanvas(box.width, box.height);
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(box.width, box.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0; row < box.height; row += 1) {
    const from = (box.y + row) * width + box.x;
    for (let column = 0; column < box.width; column += 1) pixels[row * box.width + column] = colours[values[from + column]];
  }
  pen.putImageData(image, 0, 0);
  return { bitmap: canvas.transferToImageBitmap(), box, width, height };
}

function boxOf(width, values, colours) {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] === NONE || !colours[values[index]]) continue;
    const column = index % width;
    left = Math.min(left, column);
    right = Math.max(right, column);
    bottom = Math.floor(index / width);
    if (top < 0) top = bottom;
  }
  return right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
