/** What is said while a shape is drawn or a corner dragged: hints, the read-out of the place, what a screen reader hears. Pure. */

/** @import {XY} from '../../types' */
/** @import {Aim, Drawing, Purpose, Tool} from '../../engine/drawing.js' */

/** @type {Record<Tool, [string, string]>} what to do at first, and after the first corner */
const HINTS = {
  Rectangle: ['Click one corner of the rectangle.', 'Click the opposite corner.'],
  Polygon: ['Click the first corner.', 'Click the next corner; click the first one again to close.'],
  Circle: ['Click the centre.', 'Click again to set the radius.'],
};
/** @type {Record<Tool, [string, string]>} the same for the crosshair */
const KEY_HINTS = {
  Rectangle: ['Arrows move the map; Space sets one corner.', 'Space sets the opposite corner.'],
  Polygon: ['Arrows move the map; Space sets the first corner.', 'Space sets the next corner; Enter closes.'],
  Circle: ['Arrows move the map; Space sets the centre.', 'Space sets the radius.'],
};
/** @type {Record<Purpose, string>} */
const PURPOSES = { new: '', cut: 'Cut out: ', part: 'Add a part: ' };

/** @param {Drawing} drawing */
export function hint({ tool, purpose, corners, byKeys }) {
  const words = (byKeys ? KEY_HINTS : HINTS)[tool][Math.min(1, corners)];
  return PURPOSES[purpose] + words;
}

/** What is read out when drawing starts and after each corner. @param {Drawing} drawing */
export function said(drawing) {
  const { tool, corners, last } = drawing;
  if (!corners || !last) return hint(drawing);
  if (tool === 'Circle') return `Centre at ${place(last)}.`;
  return `Corner ${corners} at ${place(last)}. ${corners} ${corners === 1 ? 'corner' : 'corners'}.`;
}

/** Where the next corner would be, how far from the last, and what holds it. @param {Aim} aim */
export function readOut({ at, from, snapped, free, locked }) {
  const words = [`x ${at[0].toFixed(2)}  y ${at[1].toFixed(2)} m`];
  if (from) {
    const [dx, dy] = [at[0] - from[0], at[1] - from[1]];
    const degrees = Math.round((Math.atan2(dy, dx) * 180) / Math.PI);
    words.push(`${Math.hypot(dx, dy).toFixed(2)} m, ${degrees}°`);
  }
  if (locked) words.push('direction locked');
  else if (free) words.push('snapping off');
  else if (snapped) words.push('snapped');
  return words.join(' · ');
}

/** @param {XY} at */
export const place = ([x, y]) => `${round1(x)}, ${round1(y)}`;

/** @param {number} value */
const round1 = (value) => String(Math.round(value * 10) / 10);
