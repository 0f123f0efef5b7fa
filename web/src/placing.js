/**
 * How a floor plan picture lies in the mall: a similarity (move, turn, scale) fixed by two points known in both.
 *
 * Pixels count from the picture's top left, y downwards; metres are the mall's frame, y upwards. Pure.
 */
/** @import {XY} from './types' */

/** @typedef {{pixel: XY, at: XY}} Pair a place in the picture and the same place in the mall, metres */
/**
 * @typedef {object} Placement
 * @property {(pixel: XY) => XY} toFrame
 * @property {(at: XY) => XY} toPixel
 * @property {number} metresPerPixel
 * @property {number} turn degrees the picture is turned counter-clockwise in the frame
 */

/** Nearer than this the two points fix no direction worth having. */
export const MIN_APART_PX = 10;
export const MIN_APART_M = 0.5;

/**
 * @param {Pair} first
 * @param {Pair} second
 * @returns {Placement | null} null while the points are too near to each other
 */
export function placement(first, second) {
  const [du, dv] = [second.pixel[0] - first.pixel[0], first.pixel[1] - second.pixel[1]];
  const [dx, dy] = [second.at[0] - first.at[0], second.at[1] - first.at[1]];
  if (!(Math.hypot(du, dv) >= MIN_APART_PX && Math.hypot(dx, dy) >= MIN_APART_M)) return null;
  // the complex number (dx + i dy) / (du + i dv) scales and turns
  const square = du * du + dv * dv;
  const [re, im] = [(dx * du + dy * dv) / square, (dy * du - dx * dv) / square];
  const size = re * re + im * im;
  return {
    toFrame([px, py]) {
      const [u, v] = [px - first.pixel[0], first.pixel[1] - py];
      return [first.at[0] + re * u - im * v, first.at[1] + im * u + re * v];
    },
    toPixel([x, y]) {
      const [a, b] = [x - first.at[0], y - first.at[1]];
      return [first.pixel[0] + (re * a + im * b) / size, first.pixel[1] - (re * b - im * a) / size];
    },
    metresPerPixel: Math.sqrt(size),
    turn: (Math.atan2(im, re) * 180) / Math.PI,
  };
}

/**
 * The picture's corners in the mall: top left, top right, bottom right, bottom left.
 * @param {Placement} placed
 * @param {number} width
 * @param {number} height
 * @returns {[XY, XY, XY, XY]}
 */
export function corners(placed, width, height) {
  return [
    placed.toFrame([0, 0]),
    placed.toFrame([width, 0]),
    placed.toFrame([width, height]),
    placed.toFrame([0, height]),
  ];
}
