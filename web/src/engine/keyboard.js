/** What the keys that move things on the map mean, the same everywhere. Pure. */

/** @import {XY} from '../types' */

const NUDGE_M = 0.5;
const BIG_NUDGE_M = 5;
/** @type {Record<string, XY>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The step in metres of an arrow key, with Shift a big one; null for any other key. @param {KeyboardEvent} event @returns {XY | null} */
export function arrowStep({ key, shiftKey }) {
  const way = ARROWS[key];
  if (!way) return null;
  const metres = shiftKey ? BIG_NUDGE_M : NUDGE_M;
  return [way[0] * metres, way[1] * metres];
}
