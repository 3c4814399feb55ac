// Reads prediction PNGs and colours them, beside the thread that paints.
import { readGrey } from "./greys.js";

const BUDGET_BYTES = 128e6;
const files = new Map(); // file key -> promise of {width, height, labels, confidence}
let bytes = 0;

self.onmessage = async ({ data }) => {
  let answer = null;
  try {
    const prediction = await load(data);
    answer = prediction && (data.kind === "look" ? look(prediction, data) : paint(prediction, data));
  } catch (error) {
    files.delete(data.file); // cut short by a restart: read again when it is asked for again
    console.warn(`the prediction ${data.labels} can't be read (${error.message})`);
  }
  self.postMessage({ request: data.request, answer }, answer instanceof ImageBitmap ? [answer] : []);
};

function load(source) {
  if (!files.has(source.file)) {
    const prediction = read(source);
    files.set(source.file, prediction);
    prediction.then((found) => keep(source.file, found), () => {}); // who asked hears of the error
  }
  return files.get(source.file);
}

async function read(source) {
  const [labels, confidence] = await Promise.all([grey(source.labels), grey(source.confidence)]);
  if (!labels) return null;
  return { ...labels, confidence: confidence?.labels };
}

async function grey(url) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin" });
  } catch {
    return null; // the server is away: the overlay that is shown stays
  }
  if (!response.ok) return null;
  const { width, height, values } = await readGrey(await response.blob());
  return { width, height, labels: values };
}

function keep(key, prediction) {
  if (!prediction) return files.delete(key); // tried again when it is asked for again
  bytes += 2 * prediction.labels.length;
  for (const [oldest, file] of files) {
    if (bytes <= BUDGET_BYTES || oldest === key) return;
    files.delete(oldest);
    file.then((found) => (bytes -= found ? 2 * found.labels.length : 0));
  }
}

function look({ width, height, labels, confidence }, { x, y }) {
  if (x < 0 || y < 0 || x >= width || y >= height) return null;
  const index = y * width + x;
  return { label: labels[index], confidence: confidence ? confidence[index] / 255 : null };
}

function paint({ width, height, labels, confidence }, { colours, fade }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const palette = new Uint32Array(256);
  palette.set(colours);
  if (fade && confidence) fadeIn(pixels, labels, confidence, palette);
  else for (let index = 0; index < pixels.length; index += 1) pixels[index] = palette[labels[index]];
  context.putImageData(image, 0, 0);
  return canvas.transferToImageBitmap();
}

function fadeIn(pixels, labels, confidence, palette) {
  for (let index = 0; index < pixels.length; index += 1) {
    const colour = palette[labels[index]];
    const alpha = (colour >>> 24) * Math.max(0.12, (confidence[index] / 255) ** 2);
    pixels[index] = ((colour & 0xffffff) | (alpha << 24)) >>> 0;
  }
}
