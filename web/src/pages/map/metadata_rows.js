/**
 * Free metadata as rows of key and value. What was no text (a number, a list) is shown as JSON and stays what it was; what
 * is typed anew is text, unless it takes the place of something else and reads as JSON.
 */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @param {Record<string, unknown>} initial @param {() => void} onChange */
export function metadataRows(initial, onChange) {
  const rows = h('div', { class: 'metadata' });
  const error = h('p', { class: 'field-error', role: 'alert' });

  /** @param {string} key @param {unknown} value */
  function add(key, value) {
    const remove = {
      click: () => {
        row.remove();
        onChange();
      },
    };
    const row = h(
      'div',
      { class: 'metadata-row', 'data-testid': 'metadata-row' },
      h('input', { value: key, maxlength: 60, 'aria-label': 'Key', placeholder: 'key', name: 'key' }),
      h('input', { value: write(value), 'aria-label': 'Value', placeholder: 'value', name: 'value' }),
      h(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': 'Remove this row', on: remove },
        icon('trash', 18),
      ),
    );
    rows.append(row);
    return row;
  }

  for (const [key, value] of Object.entries(initial)) add(key, value);
  const addEmpty = { click: () => add('', '').querySelector('input')?.focus() };
  const button = h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': 'add-metadata', on: addEmpty },
    icon('plus', 16),
    'Add a value',
  );

  /** @param {Element} row @param {string} name */
  const cell = (row, name) => /** @type {HTMLInputElement} */ (row.querySelector(`[name=${name}]`)).value;

  return {
    node: h('div', { class: 'field' }, h('p', { class: 'field-label' }, 'Metadata'), rows, button, error),
    /** @returns {Record<string, unknown>} */
    read: () =>
      Object.fromEntries(
        [...rows.children]
          .map((row) => [cell(row, 'key').trim(), cell(row, 'value')])
          .filter(([key]) => key)
          .map(([key, text]) => [key, parse(text, initial[key])]),
      ),
    /** @param {string | null} text */
    setError: (text) => fill(error, text),
  };
}

/** @param {unknown} value */
const write = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

/** @param {string} text @param {unknown} was */
function parse(text, was) {
  if (was === undefined || typeof was === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
