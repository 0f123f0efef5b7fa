/** Dead letters: what failed for good, and all of a filter tried again. */
import { call, queryString } from '../../api.js';
import { h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { ask, explain } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { asked } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Filter} from './words.js' */

/** Why a dead letter stays what it is. @type {Record<string, string>} */
const KEPT = {
  may_have_arrived: 'may have arrived',
  too_old: 'too old',
  text_wrong: 'text to be mended',
  coupon_gone: 'coupon given back',
  enough: 'had enough meanwhile',
};

/** All messages, or only those that failed for good. @param {Filter} filter */
export const deadSwitch = (filter) =>
  h(
    'nav',
    { class: 'chip-row', 'aria-label': 'Which messages' },
    [
      { dead: null, words: 'All messages' },
      { dead: 'true', words: 'Dead letters' },
    ].map(({ dead, words }) =>
      h(
        'a',
        {
          class: 'button button-small',
          href: `/messages${queryString({ ...filter, status: null, reason: null, dead })}`,
          'aria-current': (filter.dead === 'true') === (dead === 'true') ? 'page' : null,
          'data-testid': dead ? 'dead-letters' : 'all-messages',
        },
        words,
      ),
    ),
  );

/** @param {{context: Context, filter: Filter, onRetried: () => void}} options */
export function retryAll({ context, filter, onRetried }) {
  if (filter.dead !== 'true' || !may(context.me, 'edit')) return null;
  const said = h('span', { role: 'status', class: 'quiet' });
  const button = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'retry-all', on: { click: run } },
    'Try all of these again',
  );

  async function run() {
    const answer = await ask({
      title: 'Try all of these again?',
      body: h(
        'p',
        null,
        'Consent, hours and everything else is looked at once more before each goes out. What may have arrived and must not arrive twice, and what is too old, stays.',
      ),
      actions: [
        { label: 'Leave them', value: '' },
        { label: 'Try again', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    button.disabled = true;
    let retried = 0;
    /** @type {Record<string, number>} */
    const kept = {};
    try {
      let cursor = null;
      do {
        const query = { ...asked(filter), limit: 200, cursor };
        const { data } = await call('POST', '/v1/messages/retry', { query });
        retried += data.retried;
        for (const [why, count] of Object.entries(data.kept)) kept[why] = (kept[why] ?? 0) + Number(count);
        cursor = data.next;
        said.textContent = `${number(retried)} so far`;
      } while (cursor);
      const stay = Object.entries(kept).map(([why, count]) => `${number(count)} ${KEPT[why] ?? why}`);
      context.toast(
        `${number(retried)} ${retried === 1 ? 'waits' : 'wait'} to be sent again.${stay.length ? ` Left as they are: ${stay.join(', ')}.` : ''}`,
      );
      onRetried();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
    said.textContent = '';
    button.disabled = false;
  }
  return h('p', { class: 'title-line' }, button, said);
}
