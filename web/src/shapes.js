/**
 * What can be done to a zone's shape, exactly and without a map: every function takes a shape in the mall's metres and
 * gives a new one. Corners are kept to the centimetre, finer than any hand. Pure.
 *
 * A corner's path is [part, ring, corner]; ring 0 is the outline, further rings are holes. Rings may come closed (from
 * the server) or open (from the map); they leave open.
 */
import { area, bounds, parts, round } from './geo.js';

/** @import {Shape, XY} from './types' */
/** @typedef {[number, number, number]} Path part, ring, corner */
/** @typedef {{centre: XY, width: number, height: number, turn: number}} Box `turn` counter-clockwise in degrees, -45 to 45 */

const CORNER_DECIMALS = 2;
/** A ring whose corners are this near to a rectangle's is taken for one. */
const BOX_TOLERANCE_M = 0.02;
/** Edges nearer than this to a right angle are squared, others stay slanted. */
const SQUARE_WITHIN_DEG = 30;
/** A shape this little off the mall's axes is turned onto them when it is squared. */
const AXIS_WITHIN_DEG = 5;

/** @param {XY} p @returns {XY} */
const tidy = ([x, y]) => [round(x, CORNER_DECIMALS) + 0, round(y, CORNER_DECIMALS) + 0]; // + 0: never -0

/** A ring without the repeated first corner. @param {XY[]} ring */
export function open(ring) {
  const [first, last] = [ring[0], ring[ring.length - 1]];
  return ring.length > 1 && first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring;
}

/** Parts with open rings; a circle becomes a polygon. @param {Shape} shape */
export const openParts = (shape) => parts(shape).map((rings) => rings.map(open));

/** One part is a Polygon, several are a MultiPolygon. @param {XY[][][]} all at least one part @returns {Shape} */
export function fromParts(all) {
  return all.length === 1 ? { type: 'Polygon', coordinates: all[0] } : { type: 'MultiPolygon', coordinates: all };
}

/**
 * Every corner through `change`; a circle's centre.
 * @param {Shape} shape
 * @param {(p: XY) => XY} change
 * @returns {Shape}
 */
function mapCorners(shape, change) {
  /** @param {XY} p */
  const one = (p) => tidy(change(p));
  if (shape.type === 'Point') return { ...shape, coordinates: one(shape.coordinates) };
  return fromParts(openParts(shape).map((rings) => rings.map((ring) => ring.map(one))));
}

/** @param {Shape} shape @param {XY} step */
export const move = (shape, [dx, dy]) => mapCorners(shape, ([x, y]) => [x + dx, y + dy]);

/** The middle of the box around a shape. @param {Shape} shape @returns {XY} */
export function middle(shape) {
  if (shape.type === 'Point') return shape.coordinates;
  const [minX, minY, maxX, maxY] = /** @type {number[]} */ (bounds([shape]));
  return [(minX + maxX) / 2, (minY + maxY) / 2];
}

/** The centre of gravity of the outlines, about which a shape turns. @param {Shape} shape @returns {XY} */
export function centroid(shape) {
  if (shape.type === 'Point') return shape.coordinates;
  let [sumX, sumY, sum] = [0, 0, 0];
  for (const [ring] of openParts(shape)) {
    ring.forEach(([x1, y1], i) => {
      const [x2, y2] = ring[(i + 1) % ring.length];
      const cross = x1 * y2 - x2 * y1;
      sumX += (x1 + x2) * cross;
      sumY += (y1 + y2) * cross;
      sum += cross;
    });
  }
  return sum === 0 ? middle(shape) : [sumX / (3 * sum), sumY / (3 * sum)];
}

/**
 * @param {Shape} shape
 * @param {number} degrees counter-clockwise
 * @param {XY} [about] its centre of gravity by default
 */
export function rotate(shape, degrees, about = centroid(shape)) {
  const turn = spin(degrees);
  return mapCorners(shape, ([x, y]) => {
    const [dx, dy] = turn([x - about[0], y - about[1]]);
    return [about[0] + dx, about[1] + dy];
  });
}

/** @param {number} degrees counter-clockwise @returns {(p: XY) => XY} */
function spin(degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ([x, y]) => [x * cos - y * sin, x * sin + y * cos];
}

// ---- corners

/** @param {Shape} shape @param {Path} path @returns {XY | undefined} */
export const cornerAt = (shape, [part, ring, index]) => openParts(shape)[part]?.[ring]?.[index];

/**
 * One ring changed; other rings and parts stay.
 * @param {Shape} shape
 * @param {number} part
 * @param {number} ring
 * @param {(corners: XY[]) => XY[]} change
 */
function changeRing(shape, part, ring, change) {
  const all = openParts(shape);
  all[part] = all[part].map((corners, r) => (r === ring ? change(corners) : corners));
  return fromParts(all);
}

/** @param {Shape} shape @param {Path} path @param {XY} at */
export const setCorner = (shape, [part, ring, index], at) =>
  changeRing(shape, part, ring, (corners) => corners.with(index, tidy(at)));

/** A corner between this one and the next. @param {Shape} shape @param {Path} path */
export const addCorner = (shape, [part, ring, index]) =>
  changeRing(shape, part, ring, (corners) => {
    const [a, b] = [corners[index], corners[(index + 1) % corners.length]];
    return corners.toSpliced(index + 1, 0, tidy([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]));
  });

/** Without this corner; of a hole's last three, without the hole; null when the outline would not be an area any more. @param {Shape} shape @param {Path} path */
export function removeCorner(shape, [part, ring, index]) {
  if (openParts(shape)[part][ring].length > 3)
    return changeRing(shape, part, ring, (corners) => corners.toSpliced(index, 1));
  return ring > 0 ? removeRing(shape, part, ring) : null;
}

/** Without a hole, or without a whole part when `ring` is 0; null when nothing would be left. @param {Shape} shape @param {number} part @param {number} ring */
export function removeRing(shape, part, ring) {
  const all = openParts(shape);
  if (ring > 0) return fromParts(all.with(part, all[part].toSpliced(ring, 1)));
  return all.length > 1 ? fromParts(all.toSpliced(part, 1)) : null;
}

// ---- circles and rectangles

/** @param {XY} centre @param {number} radius @returns {Shape} */
export const circle = (centre, radius) => ({
  type: 'Point',
  coordinates: tidy(centre),
  radius: round(radius, CORNER_DECIMALS),
});

/** The rectangle a shape is, or null. @param {Shape} shape @returns {Box | null} */
export function boxOf(shape) {
  if (shape.type !== 'Polygon' || shape.coordinates.length !== 1) return null;
  const ring = open(shape.coordinates[0]);
  if (ring.length !== 4) return null;
  const centre = middleOf(ring);
  const reach = ring.map(([x, y]) => Math.hypot(x - centre[0], y - centre[1]));
  const isParallelogram = [0, 1].every((i) => {
    const [x, y] = middleOf([ring[i], ring[i + 2]]);
    return Math.hypot(x - centre[0], y - centre[1]) < BOX_TOLERANCE_M;
  });
  if (!isParallelogram || Math.abs(reach[0] - reach[1]) > BOX_TOLERANCE_M) return null;
  const [a, b, c] = ring;
  const angle = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI;
  const quarter = Math.round(angle / 90);
  const sides = [Math.hypot(b[0] - a[0], b[1] - a[1]), Math.hypot(c[0] - b[0], c[1] - b[1])];
  const [width, height] = quarter % 2 === 0 ? sides : [sides[1], sides[0]];
  return { centre, width: round(width, 2), height: round(height, 2), turn: round(angle - 90 * quarter, 2) };
}

/** @param {Box} box @returns {Shape} */
export function boxShape({ centre, width, height, turn }) {
  const [w, h] = [width / 2, height / 2];
  const corners = /** @type {XY[]} */ ([
    [-w, -h],
    [w, -h],
    [w, h],
    [-w, h],
  ]);
  const placed = corners.map(spin(turn)).map(([x, y]) => tidy([x + centre[0], y + centre[1]]));
  return { type: 'Polygon', coordinates: [placed] };
}

/** @param {XY[]} points @returns {XY} */
function middleOf(points) {
  const sum = points.reduce(([x, y], p) => [x + p[0], y + p[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

// ---- right angles

/**
 * Corners made square: each edge is laid along or across the shape's main direction through its own middle, unless it is
 * clearly slanted. The main direction is the mall's when it is near.
 * @param {Shape} shape
 */
export function square(shape) {
  if (shape.type === 'Point') return shape;
  const main = mainDirection(openParts(shape).flatMap((rings) => rings));
  const turned = rotate(shape, -main, [0, 0]);
  const squared = fromParts(openParts(turned).map((rings) => rings.map(squareRing)));
  const back = rotate(squared, main, [0, 0]);
  // a sliver can fold over itself: then it stays as it was
  return area(back) > 0 ? back : shape;
}

/** The direction most of the outline follows, in degrees from -45 to 45. @param {XY[][]} rings */
function mainDirection(rings) {
  let [x, y] = [0, 0];
  for (const [a, b] of rings.flatMap(edges)) {
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    // four times the angle: directions a quarter turn apart count as one
    const angle = 4 * Math.atan2(b[1] - a[1], b[0] - a[0]);
    x += length * Math.cos(angle);
    y += length * Math.sin(angle);
  }
  const degrees = (Math.atan2(y, x) * 180) / Math.PI / 4;
  return Math.abs(degrees) < AXIS_WITHIN_DEG ? 0 : degrees;
}

/** @param {XY[]} ring @returns {[XY, XY][]} */
const edges = (ring) => ring.map((a, i) => [a, ring[(i + 1) % ring.length]]);

/** @param {XY[]} ring @returns {XY[]} */
function squareRing(ring) {
  const lines = edges(ring).map(([a, b]) => {
    const degrees = Math.abs((Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI);
    const [x, y] = middleOf([a, b]);
    if (Math.min(degrees, 180 - degrees) < SQUARE_WITHIN_DEG) return { y };
    if (Math.abs(degrees - 90) < SQUARE_WITHIN_DEG) return { x };
    return {};
  });
  return ring.map(([x, y], i) => {
    const [before, after] = [lines[(i + ring.length - 1) % ring.length], lines[i]];
    return /** @type {XY} */ ([between(before.x, after.x) ?? x, between(before.y, after.y) ?? y]);
  });
}

/** Where two lines in the same direction meet in one corner, half way. @param {number | undefined} a @param {number | undefined} b */
const between = (a, b) => (a === undefined || b === undefined ? (a ?? b) : (a + b) / 2);
