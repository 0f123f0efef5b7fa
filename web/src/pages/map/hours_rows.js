/** Opening hours as rows of days and times that can be added and taken away. */
import { fill, h, uid } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { DAYS } from '../../ui/words.js';

/** @import {Hours} from '../../types' */

/** @param {Hours[]} initial @param {() => void} onChange */
export function hoursRows(initial, onChange) {
  const rows = h('div', { class: 'hours' });
  const error = h('p', { class: 'field-error', role: 'alert' });

  /** @param {Hours} hours */
  function add({ days, open, close }) {
    const id = uid('hours');
    const row = h(
      'fieldset',
      { class: 'hours-row', 'data-testid': 'hours-row' },
      h('legend', { class: 'visually-hidden' }, 'Open on'),
      h(
        'div',
        { class: 'chip-row' },
        DAYS.map(([value, words]) =>
          h(
            'label',
            { class: 'chip chip-small' },
            h('input', { type: 'checkbox', value, checked: days.includes(value) }),
            h('span', null, words),
          ),
        ),
      ),
      h(
        'div',
        { class: 'hours-times' },
        h('label', { for: `${id}-open`, class: 'visually-hidden' }, 'Opens at'),
        h('input', { type: 'time', id: `${id}-open`, value: open, name: 'open' }),
        h('span', null, 'to'),
        h('label', { for: `${id}-close`, class: 'visually-hidden' }, 'Closes at'),
        h('input', { type: 'time', id: `${id}-close`, value: close, name: 'close' }),
        h(
          'button',
          {
            type: 'button',
            class: 'icon-button',
            'aria-label': 'Remove these hours',
            on: { click: () => remove(row) },
          },
          icon('trash', 18),
        ),
      ),
    );
    rows.append(row);
  }

  /** @param {HTMLElement} row */
  function remove(row) {
    row.remove();
    onChange();
  }

  for (const hours of initial) add(hours);
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'data-testid': 'add-hours',
      on: {
        click: () => {
          add({ days: DAYS.map(([key]) => key), open: '10:00', close: '20:00' });
          onChange();
        },
      },
    },
    icon('plus', 16),
    'Add hours',
  );

  return {
    node: h('div', { class: 'field' }, h('p', { class: 'field-label' }, 'Active only during'), rows, button, error),
    /** @returns {Hours[]} */
    read: () =>
      [...rows.children].map((row) => ({
        days: /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll('input[type=checkbox]:checked')]).map(
          (box) => box.value,
        ),
        open: /** @type {HTMLInputElement} */ (row.querySelector('[name=open]')).value,
        close: /** @type {HTMLInputElement} */ (row.querySelector('[name=close]')).value,
      })),
    /** @param {string | null} text */
    setError: (text) => fill(error, text),
  };
}
