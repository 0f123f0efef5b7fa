/** What a person bought, in numbers, and where and when they usually do. */
import { h } from '../../ui/dom.js';
import { money, moment, number } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';
import { DECLINES, STAGES, habitWords, usualWords } from './words.js';

/** @import {Figures, Overview, PersonHabit} from '../../types' */

/** @param {Overview} overview */
export function figuresCard({ figures, usual, habit }) {
  const [main, ...others] = figures;
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'figures-title', 'data-testid': 'figures' },
    h('h2', { id: 'figures-title' }, 'Purchases at a glance'),
    main ? h('dl', { class: 'numbers' }, numbers(main)) : h('p', { class: 'quiet' }, 'Nothing bought yet.'),
    others.map((one) =>
      h(
        'p',
        { class: 'quiet' },
        `Also ${number(one.orders)} in ${one.currency}: ${money(one.revenue_minor, one.currency)}, last ${moment(one.last_at)}.`,
      ),
    ),
    main && h('p', { 'data-testid': 'usual' }, usualWords(usual)),
    habit && habit.stage in STAGES && habitLine(habit),
  );
}

/** @param {PersonHabit} habit */
function habitLine(habit) {
  const decline = DECLINES[habit.decline];
  return h(
    'p',
    { class: 'row-title', 'data-testid': 'habit' },
    pill(...STAGES[habit.stage]),
    decline && pill(...decline),
    h('span', null, habitWords(habit, new Date())),
  );
}

/** @param {Figures} one */
function numbers(one) {
  /** @type {[string, string][]} */
  const rows = [
    ['orders', number(one.orders)],
    ['spent, less refunds', money(one.revenue_minor, one.currency)],
    ['an order on average', money(one.average_minor, one.currency)],
    ['last purchase', moment(one.last_at).replace(/,.*/, '')],
  ];
  if (one.refunded_minor) rows.push(['went back', money(one.refunded_minor, one.currency)]);
  return rows.map(([words, value]) => h('div', null, h('dt', null, words), h('dd', null, value)));
}
