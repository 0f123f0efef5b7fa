/** Items as bars on one axis of time, today marked. What the bars say is said in the rows as well. */
import { h } from '../../ui/dom.js';
import { pill } from '../../ui/widgets.js';
import { datesText, spanOf, stateOf } from './words.js';

/** @import {Item} from './words.js' */

const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' });

/** @param {Item[]} items */
export function timeline(items) {
  const now = Date.now();
  const { first, last } = spanOf(items, now);
  const share = (/** @type {number} */ at) => Math.min(100, Math.max(0, (100 * (at - first)) / (last - first)));
  const today = share(now);
  return h(
    'div',
    { class: 'card time-line', 'data-testid': 'timeline' },
    h(
      'div',
      { class: 'time-axis', 'aria-hidden': 'true' },
      months(first, last).map((at) => h('span', { style: { left: `${share(at)}%` } }, MONTH.format(at))),
    ),
    h(
      'ul',
      { class: 'time-rows' },
      items.map((item) => {
        const from = item.starts_at ? share(Date.parse(item.starts_at)) : 0;
        const to = item.ends_at ? share(Date.parse(item.ends_at)) : 100;
        const { text, tone } = stateOf(item, now);
        return h(
          'li',
          { 'data-testid': 'time-row' },
          h(
            'p',
            { class: 'row-title' },
            h('a', { class: 'title-link breaks', href: `/content?id=${item.id}` }, item.title),
            pill(text, tone),
            h('span', { class: 'quiet' }, datesText(item)),
          ),
          h(
            'div',
            { class: 'time-track', 'aria-hidden': 'true' },
            h('span', { class: 'time-today', style: { left: `${today}%` } }),
            h('span', {
              class: `time-bar time-bar-${item.status}`,
              style: { left: `${from}%`, width: `${Math.max(to - from, 0.8)}%` },
            }),
          ),
        );
      }),
    ),
  );
}

/** The first of each month in between. @param {number} first @param {number} last */
function months(first, last) {
  const found = [];
  const at = new Date(first);
  at.setUTCHours(0, 0, 0, 0);
  at.setUTCDate(1);
  for (at.setUTCMonth(at.getUTCMonth() + 1); at.getTime() < last; at.setUTCMonth(at.getUTCMonth() + 1))
    found.push(at.getTime());
  return found;
}
