// Where the image lies in the stage: one scale and one offset, in CSS pixels.
const LEAST = 0.05;
const MOST = 40;
const MARGIN = 16;

export class Viewport {
  constructor() {
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true;
    this.stage = { width: 0, height: 0 };
    this.image = { width: 1, height: 1 };
  }

  /** The stage has a new size: a fitted image stays fitted, another keeps its middle. */
  resize(width, height) {
    if (!width || !height) return; // a hidden tab
    const [dx, dy] = [(width - this.stage.width) / 2, (height - this.stage.height) / 2];
    this.stage = { width, height };
    if (this.fitted) this.fit();
    else this.pan(dx, dy);
  }

  /** Another image: the view stays where both have the same size. */
  hold(width, height) {
    const same = this.image.width === width && this.image.height === height;
    this.image = { width, height };
    if (!same) this.fit();
  }

  /** Show the whole image in the middle of the stage. */
  fit() {
    const { width, height } = this.image;
    const across = (this.stage.width - 2 * MARGIN) / width;
    const down = (this.stage.height - 2 * MARGIN) / height;
    this.scale = Math.min(MOST, Math.max(LEAST, Math.min(across, down)));
    this.x = (this.stage.width - width * this.scale) / 2;
    this.y = (this.stage.height - height * this.scale) / 2;
    this.fitted = true;
  }

  /** Zoom by a factor; the image point under (x, y) of the stage stays there. */
  zoom(factor, x = this.stage.width / 2, y = this.stage.height / 2) {
    const scale = Math.min(MOST, Math.max(LEAST, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.#keepInSight();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.#keepInSight();
  }

  /** Return the image pixel coordinates of a place in the stage. */
  toImage(x, y) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  #keepInSight() {
    const rest = 48; // of the image always stays in the stage
    const { width, height } = this.image;
    this.x = Math.min(this.stage.width - rest, Math.max(rest - width * this.scale, this.x));
    this.y = Math.min(this.stage.height - rest, Math.max(rest - height * this.scale, this.y));
  }
}
