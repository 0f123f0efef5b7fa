/** Days, hours and validity of a campaign. */
import { h } from '../../../ui/dom.js';
import { dayChips, textField } from '../../../ui/fields.js';
import { fromLocalField, toLocalField } from '../../../ui/format.js';
import { timeField } from './fields.js';

/** @import {Campaign, Target} from '../../../types' */

/** @param {Campaign | null} campaign */
export function whenPart(campaign) {
  const days = dayChips(campaign?.days ?? [], 'campaign-days');
  const start = timeField('From (time of day)', campaign?.hours?.start ?? '', 'hours-start');
  const end = timeField('To (time of day)', campaign?.hours?.end ?? '', 'hours-end');
  const from = textField(
    'Valid from',
    { type: 'datetime-local', value: toLocalField(campaign?.valid_from) },
    { testid: 'valid-from' },
  );
  const to = textField(
    'Valid to',
    { type: 'datetime-local', value: toLocalField(campaign?.valid_to) },
    { testid: 'valid-to' },
  );
  return {
    node: h(
      'div',
      { class: 'stack' },
      days.node,
      h('div', { class: 'field-pair' }, start.node, end.node),
      h('div', { class: 'field-pair field-dates' }, from.node, to.node),
    ),
    read: () => ({
      days: days.values(),
      // one of the two alone is sent as it is: the server says what is missing
      hours: start.input.value || end.input.value ? { start: start.input.value, end: end.input.value } : null,
      valid_from: fromLocalField(from.input.value),
      valid_to: fromLocalField(to.input.value),
    }),
    /** @returns {Target[]} */
    targets: () => [
      ['/days', days],
      ['/hours', start],
      ['/hours/end', end],
      ['/valid_from', from],
      ['/valid_to', to],
    ],
  };
}
