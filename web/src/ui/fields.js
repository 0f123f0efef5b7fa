/**
 * Form fields that tie label, hint and error together, so that a server's complaint lands under the field it is about
 * and is read out with it.
 */
import { fill, h, uid } from './dom.js';
import { DAYS } from './words.js';

/** @import {Attrs, Child} from './dom.js' */
/**
 * @typedef {object} Field
 * @property {HTMLElement} node the whole field
 * @property {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} input
 * @property {(text: string | null) => void} setError
 */

/**
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} input
 * @param {{hint?: Child, testid?: string, class?: string}} [options]
 * @returns {Field}
 */
export function field(label, input, { hint, testid, class: extra = '' } = {}) {
  const id = uid('field');
  const errorId = `${id}-error`;
  const hintId = `${id}-hint`;
  input.id = id;
  if (testid) input.dataset.testid = testid;
  if (hint) input.setAttribute('aria-describedby', hintId);
  const error = h('p', { class: 'field-error', id: errorId });
  const node = h(
    'div',
    { class: `field ${extra}` },
    h('label', { for: id }, label),
    input,
    hint && h('p', { class: 'field-hint', id: hintId }, hint),
    error,
  );
  return {
    node,
    input,
    setError(text) {
      fill(error, text);
      node.classList.toggle('field-bad', Boolean(text));
      input.toggleAttribute('aria-invalid', Boolean(text));
      input.setAttribute('aria-describedby', [hint && hintId, text && errorId].filter(Boolean).join(' '));
    },
  };
}

/** @param {string} label @param {Attrs} attrs @param {{hint?: Child, testid?: string, class?: string}} [options] */
export const textField = (label, attrs, options) =>
  field(label, h('input', { type: 'text', autocomplete: 'off', ...attrs }), options);

/** @param {string} label @param {Attrs} attrs @param {{hint?: Child, testid?: string, class?: string}} [options] */
export const areaField = (label, attrs, options) => field(label, h('textarea', { rows: 3, ...attrs }), options);

/**
 * @param {string} label
 * @param {[string, string][]} choices value and words
 * @param {string} value
 * @param {{hint?: Child, testid?: string, class?: string}} [options]
 */
export function selectField(label, choices, value, options) {
  return field(
    label,
    h(
      'select',
      null,
      choices.map(([key, words]) => h('option', { value: key, selected: key === value }, words)),
    ),
    options,
  );
}

/**
 * Check boxes shown as a row of chips.
 * @param {string} legend
 * @param {[string, string][]} choices
 * @param {string[]} chosen
 * @param {{testid?: string, hint?: string}} [options]
 */
export function chips(legend, choices, chosen, { testid, hint } = {}) {
  const boxes = choices.map(([value, words]) => {
    const box = h('input', {
      type: 'checkbox',
      value,
      checked: chosen.includes(value),
      'data-testid': testid && `${testid}-${value}`,
    });
    return { box, node: h('label', { class: 'chip' }, box, h('span', null, words)) };
  });
  const error = h('p', { class: 'field-error', role: 'alert' });
  return {
    node: h(
      'fieldset',
      { class: 'field chips', 'data-testid': testid },
      h('legend', null, legend),
      h(
        'div',
        { class: 'chip-row' },
        boxes.map(({ node }) => node),
      ),
      hint && h('p', { class: 'field-hint' }, hint),
      error,
    ),
    values: () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value),
    setError: (/** @type {string | null} */ text) => fill(error, text),
  };
}

/** @param {string[]} days @param {string} testid */
export const dayChips = (days, testid) =>
  chips('Days', /** @type {[string, string][]} */ (DAYS), days, { testid, hint: 'None chosen means every day.' });

/** @param {string} label @param {boolean} checked @param {{testid?: string, hint?: string}} [options] */
export function checkField(label, checked, { testid, hint } = {}) {
  const box = h('input', { type: 'checkbox', checked, 'data-testid': testid });
  return {
    node: h(
      'div',
      { class: 'field' },
      h('label', { class: 'check' }, box, h('span', null, label)),
      hint && h('p', { class: 'field-hint' }, hint),
    ),
    box,
  };
}

/** The number in a field, or null when it is empty. @param {{value: string}} input */
export const numberIn = (input) => (input.value.trim() === '' ? null : Number(input.value));
