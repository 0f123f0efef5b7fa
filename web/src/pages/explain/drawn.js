/** Pieces of the pictures of walks: paths, the part of the plane that is shown, names that do not cover each other. */
import { bounds, parts } from '../../geo.js';
import { svg } from '../../ui/dom.js';

/** @import {Shape, XY} from '../../types' */
/** @typedef {{x: number, y: number, width: number, height: number}} Box */

const MAX_RATIO = 0.8;
const PAD_M = 8;

/** @param {Shape} shape */
export function path(shape) {
  const ring = (/** @type {XY[]} */ points) =>
    `M${points.map(([x, y]) => `${x.toFixed(2)} ${(-y).toFixed(2)}`).join('L')}Z`;
  return parts(shape).flat().map(ring).join('');
}

/** @param {Shape[]} discs what must be seen @param {Shape[]} zones what is good to see @returns {Box} */
export function viewBox(discs, zones) {
  const around = /** @type {[number, number, number, number]} */ (bounds(discs));
  // a zone far larger than the walk must not shrink the walk to a dot
  const reach = Math.max(25, (around[2] - around[0]) * 0.6, (around[3] - around[1]) * 0.6);
  const near = bounds(zones) ?? around;
  const minX = Math.max(Math.min(around[0], near[0]), around[0] - reach) - PAD_M;
  const maxX = Math.min(Math.max(around[2], near[2]), around[2] + reach) + PAD_M;
  const minY = Math.max(Math.min(around[1], near[1]), around[1] - reach) - PAD_M;
  const maxY = Math.min(Math.max(around[3], near[3]), around[3] + reach) + PAD_M;
  const width = Math.max(maxX - minX, (maxY - minY) / MAX_RATIO);
  const height = Math.max(maxY - minY, width * 0.45);
  return { x: (minX + maxX - width) / 2, y: -(minY + maxY + height) / 2, width, height };
}

/**
 * Names at the top of their shapes, moved into the picture; one that would cover another is left out.
 * @param {{name: string, shape: Shape}[]} shapes @param {number} unit metres of a pixel @param {Box} box
 */
export function names(shapes, unit, box) {
  const size = 12 * unit;
  /** @type {{x: number, y: number, half: number}[]} */
  const taken = [];
  return shapes.map(({ name, shape }) => {
    const [minX, minY, maxX, maxY] = /** @type {number[]} */ (bounds([shape]));
    if (maxX < box.x || minX > box.x + box.width || -minY < box.y || -maxY > box.y + box.height) return null;
    const half = name.length * size * 0.34;
    const x = Math.min(Math.max((minX + maxX) / 2, box.x + half), box.x + box.width - half);
    const y = Math.min(Math.max(-maxY + 14 * unit, box.y + 16 * unit), box.y + box.height - 8 * unit);
    if (taken.some((other) => Math.abs(other.y - y) < size && Math.abs(other.x - x) < other.half + half)) return null;
    taken.push({ x, y, half });
    const look = { x, y, 'font-size': size, 'text-anchor': 'middle', class: 'walk-name', 'stroke-width': 3 * unit };
    return svg('text', look, name);
  });
}

/** @param {Box} box @param {number} unit */
export function scaleBar(box, unit) {
  const length = [5, 10, 20, 50, 100, 200, 500, 1000].findLast((metres) => metres < box.width / 3) ?? 5;
  const [x, y] = [box.x + 12 * unit, box.y + box.height - 12 * unit];
  return svg(
    'g',
    { class: 'walk-scale' },
    svg('path', { d: `M${x} ${y - 4 * unit}V${y}H${x + length}V${y - 4 * unit}`, fill: 'none' }),
    svg('text', { x: x + 4 * unit, y: y - 5 * unit, 'font-size': 11 * unit }, `${length} m`),
  );
}
