/** The two known points of a floor plan as fields: pixel and metres of each, typed or picked. Knows no map. */
import { fill, h } from '../../ui/dom.js';
import { numberIn, textField } from '../../ui/fields.js';

/** @import {XY} from '../../types' */
/** @typedef {'pixel' | 'at'} Side */
/** @typedef {{pixel: XY | null, at: XY | null}} Known */
/** @typedef {{index: number, side: Side}} Target what the next click gives */

/** @type {[Side, string, string, string][]} */
const SIDES = [
  ['pixel', 'Pixel', 'in the picture', 'Pick in the picture'],
  ['at', 'Metres', 'in the mall', 'Pick on the map'],
];

/**
 * @param {{onTyped: () => void, onPick: (target: Target) => void}} options
 */
export function pointFields({ onTyped, onPick }) {
  const rows = [0, 1].map((index) => SIDES.map((side) => makeSide(index, side)));

  /** @param {number} index @param {[Side, string, string, string]} words */
  function makeSide(index, [side, unit, where, pick]) {
    const id = `plan-${index + 1}-${side}`;
    const [x, y] = ['x', 'y'].map((axis) =>
      textField(
        `${unit} ${axis}`,
        {
          type: 'number',
          step: 'any',
          inputmode: 'decimal',
          'aria-label': `Point ${index + 1}: ${unit} ${axis} ${where}`,
        },
        { testid: `${id}-${axis}` },
      ),
    );
    for (const { input } of [x, y]) input.addEventListener('input', onTyped);
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-pressed': 'false',
        'data-testid': `${id}-pick`,
        on: { click: () => onPick({ index, side }) },
      },
      pick,
    );
    return { side, x, y, button, node: h('div', { class: 'plan-side' }, x.node, y.node, button) };
  }

  /** @param {{x: {input: {value: string}}, y: {input: {value: string}}}} fields @returns {XY | null} */
  function read({ x, y }) {
    const [a, b] = [numberIn(x.input), numberIn(y.input)];
    return a === null || b === null || !Number.isFinite(a + b) ? null : [a, b];
  }

  return {
    node: h(
      'div',
      { class: 'plan-points' },
      rows.map((sides, index) =>
        h(
          'fieldset',
          { class: 'plan-point' },
          h('legend', null, h('span', { class: 'handle handle-plan' }, String(index + 1)), ` Point ${index + 1}`),
          sides.map(({ node }) => node),
        ),
      ),
    ),
    /** @returns {Known[]} */
    read: () => rows.map(([pixel, at]) => ({ pixel: read(pixel), at: read(at) })),
    /** @param {Target} target @param {XY} value */
    write({ index, side }, value) {
      const fields = rows[index][side === 'pixel' ? 0 : 1];
      fields.x.input.value = String(value[0]);
      fields.y.input.value = String(value[1]);
    },
    clear() {
      for (const { x, y } of rows.flat()) x.input.value = y.input.value = '';
    },
    /** @param {Target | null} target */
    mark(target) {
      rows.forEach((sides, index) =>
        sides.forEach(({ side, button }) =>
          button.setAttribute('aria-pressed', String(target?.index === index && target.side === side)),
        ),
      );
    },
  };
}

/** The first value that is missing. @param {Known[]} points @returns {Target | null} */
export function missing(points) {
  for (const [index, point] of points.entries()) {
    if (!point.pixel) return { index, side: 'pixel' };
    if (!point.at) return { index, side: 'at' };
  }
  return null;
}

/** What to do next, in words. @param {HTMLElement} node @param {Target | null} target */
export function instruct(node, target) {
  if (!target) return fill(node, 'Both points are set. Drag them, or change the numbers, until the picture fits.');
  const step = target.index * 2 + (target.side === 'pixel' ? 1 : 2);
  const words =
    target.side === 'pixel'
      ? target.index === 0
        ? 'Click a place in the picture that you can find on the map too, such as a corner of the building.'
        : 'Click a second place in the picture, far from the first one.'
      : 'Now click the same place on the map.';
  fill(
    node,
    h('b', null, `Step ${step} of 4. `),
    words,
    h(
      'span',
      { class: 'only-wide' },
      ' With the keyboard: move it with the arrows, Space takes the middle; or type the numbers.',
    ),
  );
}
