// Diagonal stripes in a picture's own colours, each with a light and a dark edge: they show on any background.
const PERIOD = 12; // CSS pixels along an axis
const CORE = 3.2; // across a stripe
const EDGE = 1;
const LIGHT = "rgba(255, 255, 255, 0.8)";
const DARK = "rgba(0, 0, 0, 0.6)";
let tiles = null; // {ratio, whole, edges}

/** Paint a picture in stripes at `place` (CSS pixels of the canvas); `origin` is what the stripes move with. */
export function hatched(pen, picture, place, origin) {
  const ratio = devicePixelRatio;
  if (tiles?.ratio !== ratio) tiles = { ratio, whole: tile(pen, ratio, paintWhole), edges: tile(pen, ratio, paintEdges) };
  const box = [place.x * ratio, place.y * ratio, place.width * ratio, place.height * ratio];
  const shift = new DOMMatrix([1, 0, 0, 1, Math.round(origin.x * ratio), Math.round(origin.y * ratio)]);
  pen.save();
  pen.beginPath();
  pen.rect(...box);
  pen.clip();
  pen.imageSmoothingEnabled = true;
  pen.drawImage(picture, ...box);
  for (const [pattern, how] of [[tiles.edges, "source-atop"], [tiles.whole, "destination-in"]]) {
    pattern.setTransform(shift);
    pen.globalCompositeOperation = how;
    pen.fillStyle = pattern;
    pen.fillRect(...box);
  }
  pen.restore();
}

function tile(pen, ratio, draw) {
  const side = Math.round(PERIOD * ratio);
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d");
  draw(context, { side, ratio });
  return pen.createPattern(canvas, "repeat");
}

function paintWhole(context, { side, ratio }) {
  line(context, side, { width: (CORE + 2 * EDGE) * ratio, colour: "#000", shift: 0 });
}

function paintEdges(context, { side, ratio }) {
  const shift = ((CORE + EDGE) / 2) * Math.SQRT2 * ratio; // along the x axis
  line(context, side, { width: EDGE * ratio, colour: LIGHT, shift });
  line(context, side, { width: EDGE * ratio, colour: DARK, shift: -shift });
}

function line(context, side, { width, colour, shift }) {
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.beginPath();
  for (const tileShift of [-2 * side, -side, 0, side, 2 * side]) {
    context.moveTo(tileShift + shift - side, -side);
    context.lineTo(tileShift + shift + 2 * side, 2 * side);
  }
  context.stroke();
}
