/** Cutting one shape out of another and joining two, in the mall's metres. A circle that is cut or joined becomes a polygon. Pure. */
import { difference, union } from 'polyclip-ts';
import { area, round } from './geo.js';
import { fromParts, open, openParts } from './shapes.js';

/** @import {Shape, XY} from './types' */

/** What a cut leaves behind when an edge runs a hair beside another; a hand never draws it. */
const SLIVER_M2 = 0.01;

/** `shape` without what `hole` covers; null when nothing is left. @param {Shape} shape @param {Shape} hole */
export const cut = (shape, hole) => read(difference(write(shape), write(hole)));

/** Both together; parts that touch become one. @param {Shape} shape @param {Shape} other */
export const join = (shape, other) => read(union(write(shape), write(other)));

/** @param {Shape} shape @returns {any} */
const write = (shape) => openParts(shape);

/** @param {[number, number][][][]} geometry closed rings @returns {Shape | null} */
function read(geometry) {
  /** @param {[number, number][]} ring @returns {XY[]} */
  const tidy = (ring) =>
    open(ring)
      .map(([x, y]) => /** @type {XY} */ ([round(x, 2), round(y, 2)]))
      .filter(([x, y], i, all) => x !== all.at(i - 1)?.[0] || y !== all.at(i - 1)?.[1]);
  /** @param {XY[]} ring */
  const isArea = (ring) => ring.length > 2 && area({ type: 'Polygon', coordinates: [ring] }) > SLIVER_M2;
  const parts = geometry
    .map((rings) => rings.map(tidy))
    .filter(([outline]) => isArea(outline))
    .map(([outline, ...holes]) => [outline, ...holes.filter(isArea)]);
  return parts.length ? fromParts(parts) : null;
}
