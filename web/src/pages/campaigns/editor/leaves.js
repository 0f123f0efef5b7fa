/** Who leaves a journey early, and who may come in again. */
import { h } from '../../../ui/dom.js';
import { numberIn, selectField, textField } from '../../../ui/fields.js';
import { choices, numberField } from './fields.js';

/** @import {Campaign, Target, World} from '../../../types' */

/** @param {Campaign | null} campaign @param {World} world */
export function leavesPart(campaign, world) {
  const { exits, reentry } = campaign ?? { exits: null, reentry: null };
  const said = exits?.purchase ?? null;
  const purchase = selectField(
    'Who buys',
    [
      ...(campaign ? [] : [/** @type {[string, string]} */ (['', 'as usual: leaves'])]),
      ['yes', 'leaves'],
      ['no', 'stays'],
    ],
    said === null ? '' : said ? 'yes' : 'no',
    { testid: 'exit-purchase' },
  );
  const segment = selectField(
    'Who is not in this segment leaves',
    choices('No such rule', world.segments, exits?.segment_id),
    exits?.segment_id ?? '',
    { testid: 'exit-segment' },
  );
  const event = textField(
    'Who does this leaves',
    { value: exits?.event?.name ?? '', maxlength: 200, placeholder: 'Subscription Cancelled', spellcheck: 'false' },
    { testid: 'exit-event', hint: 'An event by its name; empty: no such rule.' },
  );
  const again = selectField(
    'Who has been in it',
    [
      ['always', 'may come in again'],
      ['after', 'may come in again after some days'],
      ['never', 'never comes in again'],
    ],
    reentry?.kind ?? 'always',
    { testid: 'reentry' },
  );
  const days = numberField('Days', reentry?.days || 30, { testid: 'reentry-days', min: 1, max: 366 });
  const purchaseRule = () => (purchase.input.value ? purchase.input.value === 'yes' : null);
  return {
    node: h(
      'section',
      { class: 'card', 'data-testid': 'leaves-part' },
      h('h2', null, 'Who leaves, and who comes again'),
      h('div', { class: 'field-pair' }, purchase.node, segment.node),
      event.node,
      h('div', { class: 'field-pair' }, again.node, days.node),
    ),
    show: () => void (days.node.hidden = again.input.value !== 'after'),
    read() {
      const name = event.input.value.trim();
      const where = name === exits?.event?.name ? exits.event.where : [];
      return {
        exits: {
          purchase: purchaseRule(),
          segment_id: segment.input.value || null,
          event: name ? { name, where } : null,
        },
        reentry: { kind: again.input.value, days: again.input.value === 'after' ? numberIn(days.input) : 0 },
      };
    },
    /** @returns {Target[]} */
    targets: () => [
      ['/exits', purchase],
      ['/exits/purchase', purchase],
      ['/exits/segment_id', segment],
      ['/exits/event', event],
      ['/reentry', again],
      ['/reentry/days', days],
    ],
  };
}
