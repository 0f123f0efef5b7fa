/**
 * Dots as pixels: ready-made discs copied into an image, which is far cheaper than drawing thousands of circles.
 * Pure: typed arrays in, no canvas. A pixel is a little-endian RGBA word, not premultiplied, as ImageData has it.
 */
import { between, opacity, shareDone } from '../dots.js';

/** @import {Walk} from '../dots.js' */
/** @typedef {{size: number, pixels: Uint32Array}} Sprite a square image of an odd side */
/**
 * @typedef {object} View of the image: its size, and the affine from the mall's metres to its pixels
 * @property {number} width
 * @property {number} height
 * @property {number} ratio pixels per CSS pixel
 * @property {[number, number, number, number, number, number]} affine a, b, c, d, e, f: x' = ax + cy + e, y' = bx + dy + f
 */

export const RADIUS = 4.5;
const RIM = 1.5;
const WHITE = [255, 255, 255];
/** Of somebody who may be opened, and of everybody else. */
export const COLOURS = { open: [29, 95, 209], closed: [91, 107, 128] };
/** A fading dot takes one of so many opacities. */
const SHADES = 6;

/**
 * A disc with a white rim, its edges smoothed.
 * @param {number} radius pixels, to the middle of the rim
 * @param {number} rim width in pixels
 * @param {number[]} rgb
 * @param {number} shade opacity, 0 to 1
 * @returns {Sprite}
 */
export function makeDisc(radius, rim, rgb, shade) {
  const half = Math.ceil(radius + rim / 2);
  const size = 2 * half + 1;
  const pixels = new Uint32Array(size * size);
  const covered = (/** @type {number} */ r, /** @type {number} */ gap) => Math.min(1, Math.max(0, r - gap + 0.5));
  for (let i = 0; i < pixels.length; i++) {
    const gap = Math.hypot((i % size) - half, Math.floor(i / size) - half);
    const inner = covered(radius - rim / 2, gap);
    const [r, g, b] = rgb.map((value, k) => Math.round(WHITE[k] + (value - WHITE[k]) * inner));
    const a = Math.round(255 * shade * covered(radius + rim / 2, gap));
    pixels[i] = a === 0 ? 0 : ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return { size, pixels };
}

/** Discs of all shades: first of those who may be opened, then of the others. @param {number} ratio */
export const makeSprites = (ratio) =>
  [COLOURS.closed, COLOURS.open].map((rgb) =>
    Array.from({ length: SHADES }, (_, i) => makeDisc(RADIUS * ratio, RIM * ratio, rgb, (i + 1) / SHADES)),
  );

/**
 * Copies a sprite into an image around a pixel. Of two pixels the more opaque one stays, so edges never eat into a dot.
 * @param {Uint32Array} image
 * @param {number} width of the image
 * @param {Sprite} sprite
 * @param {number} x
 * @param {number} y
 */
export function stamp(image, width, { size, pixels }, x, y) {
  const height = image.length / width;
  const left = x - (size >> 1);
  const top = y - (size >> 1);
  const [x0, x1] = [Math.max(0, -left), Math.min(size, width - left)];
  const [y0, y1] = [Math.max(0, -top), Math.min(size, height - top)];
  for (let row = y0; row < y1; row++) {
    let to = (top + row) * width + left + x0;
    for (let k = row * size + x0; k < row * size + x1; k++, to++) {
      if (pixels[k] >>> 24 >= image[to] >>> 24) image[to] = pixels[k];
    }
  }
}

/**
 * Draws everyone at `now` over whatever the image held.
 * @param {Uint32Array} image
 * @param {View} view
 * @param {Sprite[][]} sprites
 * @param {Walk} walk
 * @param {number} now
 */
export function paint(image, { width, affine: [a, b, c, d, e, f] }, sprites, walk, now) {
  image.fill(0);
  const share = shareDone(walk, now);
  for (let i = 0; i < walk.count; i++) {
    const shade = Math.ceil(opacity(walk, i, now) * SHADES) - 1;
    if (shade < 0) continue;
    const x = between(walk, 2 * i, share);
    const y = between(walk, 2 * i + 1, share);
    stamp(image, width, sprites[walk.open[i]][shade], Math.round(a * x + c * y + e), Math.round(b * x + d * y + f));
  }
}
