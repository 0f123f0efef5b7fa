/**
 * A zone's shape in exact numbers: corners in the mall's metres, a circle's centre and radius, a rectangle's sides, turning
 * by degrees, widening. It is also how a shape is changed without a mouse.
 *
 * The tables are only made while the panel is open, and a field that somebody types in is not replaced under the hands.
 */
import { fill, h } from '../../ui/dom.js';
import { numberIn, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { addCorner, boxOf, boxShape, circle, openParts, removeCorner, removeRing, setCorner } from '../../shapes.js';

/** @import {Shape, XY} from '../../types' */
/** @import {Box, Path} from '../../shapes.js' */
/** @import {Shaping} from './shaping.js' */

const MIN_RADIUS_M = 1;
const MIN_SIDE_M = 0.1;

/** @param {{canEdit: boolean, actions: Pick<Shaping, 'apply' | 'turn' | 'makeSquare' | 'widen'>}} options */
export function shapePanel({ canEdit, actions }) {
  /** @type {Shape | null} */
  let shape = null;
  let shown = '';
  const numbers = h('div', { class: 'exact', 'data-testid': 'shape-numbers' });
  const node = h(
    'details',
    { class: 'section', 'data-testid': 'shape-panel', on: { toggle: show } },
    h('summary', null, 'Exact shape'),
    canEdit && tools(actions),
    h('fieldset', { class: 'plain', disabled: !canEdit }, numbers),
  );

  function show() {
    const text = JSON.stringify(shape);
    if (!node.open || text === shown) return;
    shown = text;
    const key = /** @type {HTMLElement | null} */ (
      numbers.contains(document.activeElement) ? document.activeElement : null
    )?.dataset.key;
    fill(numbers, shape && (shape.type === 'Point' ? circleFields(shape) : [rectangleFields(shape), rings(shape)]));
    if (key) /** @type {HTMLElement | null} */ (numbers.querySelector(`[data-key="${key}"]`))?.focus();
  }

  /**
   * A number that changes the shape when it is left or Enter is pressed.
   * @param {string} label
   * @param {string} key
   * @param {number} value
   * @param {(value: number) => void} change
   * @param {number} [min]
   */
  function number(label, key, value, change, min) {
    const input = h('input', {
      type: 'number',
      step: 'any',
      value: String(value),
      'data-key': key,
      'data-testid': key,
      min,
    });
    input.setAttribute('aria-label', label);
    const read = () => {
      const typed = numberIn(input);
      if (typed === null || !Number.isFinite(typed) || (min !== undefined && typed < min)) input.value = String(value);
      else if (typed !== value) change(typed);
    };
    input.addEventListener('change', read);
    return input;
  }

  /** @param {string} label @param {HTMLInputElement} input */
  const labelled = (label, input) => h('label', { class: 'number' }, h('span', null, label), input);

  /** @param {import('../../types').Circle} now */
  function circleFields({ coordinates: [x, y], radius }) {
    /** @param {XY} centre @param {number} r */
    const put = (centre, r) => actions.apply(circle(centre, r), `Circle at ${centre.join(', ')}, radius ${r} m.`);
    return h(
      'div',
      { class: 'field-trio' },
      labelled(
        'Centre x, m',
        number('Centre x in metres', 'circle-x', round(x), (v) => put([v, y], radius)),
      ),
      labelled(
        'Centre y, m',
        number('Centre y in metres', 'circle-y', round(y), (v) => put([x, v], radius)),
      ),
      labelled(
        'Radius, m',
        number('Radius in metres', 'circle-radius', radius, (v) => put([x, y], v), MIN_RADIUS_M),
      ),
    );
  }

  /** @param {Shape} now */
  function rectangleFields(now) {
    const box = boxOf(now);
    if (!box) return null;
    /** @param {Partial<Box>} change */
    const put = (change) => {
      const next = { ...box, ...change };
      actions.apply(boxShape(next), `${next.width} by ${next.height} metres, turned by ${next.turn} degrees.`);
    };
    return h(
      'div',
      { class: 'field-trio' },
      labelled(
        'Width, m',
        number('Width in metres', 'box-width', box.width, (width) => put({ width }), MIN_SIDE_M),
      ),
      labelled(
        'Height, m',
        number('Height in metres', 'box-height', box.height, (height) => put({ height }), MIN_SIDE_M),
      ),
      labelled(
        'Turned, °',
        number('Turned by degrees', 'box-turn', box.turn, (turn) => put({ turn })),
      ),
    );
  }

  /** @param {Shape} now */
  function rings(now) {
    const all = openParts(now);
    return all.map((part, p) =>
      part.map((ring, r) => {
        const name = [all.length > 1 && `Part ${p + 1}`, r ? `Hole ${r}` : all.length === 1 && 'Outline'];
        return ringTable(name.filter(Boolean).join(', '), ring, p, r);
      }),
    );
  }

  /** @param {string} name @param {XY[]} ring @param {number} p @param {number} r */
  function ringTable(name, ring, p, r) {
    const rest = shape && removeRing(shape, p, r);
    const what = r ? 'hole' : 'part';
    return h(
      'div',
      null,
      h(
        'div',
        { class: 'ring-head' },
        h('h3', null, name),
        rest &&
          iconButton('trash', `Remove this ${what}`, `remove-ring-${p}-${r}`, () =>
            actions.apply(rest, `${name} removed.`),
          ),
      ),
      h(
        'table',
        { class: 'corner-table', 'aria-label': `Corners of ${name.toLowerCase()}, in the mall’s metres` },
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            ['', 'x, m', 'y, m', ''].map((words) => h(words ? 'th' : 'td', words ? { scope: 'col' } : null, words)),
          ),
        ),
        h(
          'tbody',
          null,
          ring.map((corner, i) => cornerRow(corner, [p, r, i])),
        ),
      ),
    );
  }

  /** @param {XY} corner @param {Path} path */
  function cornerRow([x, y], path) {
    if (!shape) return null;
    const now = shape;
    const id = path.join('-');
    const label = `corner ${path[2] + 1}`;
    /** @param {XY} at */
    const put = (at) => actions.apply(setCorner(now, path, at), `Moved ${label} to ${at.join(', ')}.`);
    const without = removeCorner(now, path);
    return h(
      'tr',
      null,
      h('th', { scope: 'row' }, String(path[2] + 1)),
      h(
        'td',
        null,
        number(`x of ${label}`, `corner-x-${id}`, round(x), (v) => put([v, y])),
      ),
      h(
        'td',
        null,
        number(`y of ${label}`, `corner-y-${id}`, round(y), (v) => put([x, v])),
      ),
      h(
        'td',
        { class: 'corner-buttons' },
        iconButton('plus', `Add a corner after ${label}`, `corner-add-${id}`, () =>
          actions.apply(addCorner(now, path), `Added a corner after ${label}.`),
        ),
        iconButton(
          'close',
          `Remove ${label}`,
          `corner-remove-${id}`,
          () => without && actions.apply(without, `Removed ${label}.`),
          !without,
        ),
      ),
    );
  }

  return {
    node,
    /** @param {Shape | null} next */
    update(next) {
      shape = next;
      show();
    },
  };
}

/** @param {Pick<Shaping, 'turn' | 'makeSquare' | 'widen'>} actions */
function tools({ turn, makeSquare, widen }) {
  const degrees = textField('Turn by, degrees', { type: 'number', step: 'any', value: '15' }, { testid: 'turn-by' });
  const metres = textField(
    'Widen by, metres',
    { type: 'number', step: 'any', value: '1', min: -50, max: 500 },
    { testid: 'widen-by' },
  );
  const corners = selectField(
    'Corners',
    [
      ['square', 'square'],
      ['round', 'round'],
    ],
    'square',
    { testid: 'widen-corners' },
  );
  async function doWiden() {
    const by = numberIn(/** @type {HTMLInputElement} */ (metres.input));
    if (!by) return metres.setError('Metres are needed; below zero makes it narrower.');
    metres.setError(null);
    metres.setError(await widen(by, /** @type {'square' | 'round'} */ (corners.input.value)));
  }
  /** @param {string} testid @param {string} words @param {() => void} click */
  const button = (testid, words, click) =>
    h('button', { type: 'button', class: 'button button-small', 'data-testid': testid, on: { click } }, words);
  return h(
    'div',
    { class: 'shape-tools' },
    h(
      'div',
      { class: 'with-button' },
      degrees.node,
      button('turn', 'Turn', () => turn(numberIn(degrees.input) ?? 0)),
    ),
    h('div', { class: 'with-button' }, metres.node, corners.node, button('widen', 'Widen', doWiden)),
    button('square', 'Square corners', makeSquare),
  );
}

/** @param {string} name @param {string} label @param {string} key @param {() => void} click @param {boolean} [disabled] */
const iconButton = (name, label, key, click, disabled = false) =>
  h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-label': label,
      'data-key': key,
      'data-testid': key,
      disabled,
      on: { click },
    },
    icon(name, 16),
  );

/** Metres as they are shown: to the centimetre. @param {number} value */
const round = (value) => Math.round(value * 100) / 100;
