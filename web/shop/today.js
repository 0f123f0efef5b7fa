/** The first tab: the day so far in words, and the one button that does something about it. */

import { fill, h } from '../src/ui/dom.js';
import { call } from '../till/api.js';
import { trouble, waiting } from './pieces.js';
import { money, t, weekday } from './words.js';

/** @import {Given, Today} from './types' */

/** @param {Given & {offer: () => void}} given `offer`: go to the tab of offers */
export function today({ store, offer }) {
  const node = h('section', { 'aria-label': t('today') }, waiting());
  void load();
  return node;

  async function load() {
    const answer = await call('GET', `/v1/shop/today?store_id=${store.id}`);
    if (answer.is !== 'done') return fill(node, trouble(answer, load));
    /** @type {Today} */
    const day = answer.data;
    fill(
      node,
      h('h2', { 'data-testid': 'mood' }, t(`mood.${day.than_usual ?? 'unknown'}`, { day: weekday(day.day) })),
      h(
        'ul',
        { class: 'told', 'data-testid': 'today' },
        told(day).map((words) => h('li', null, words)),
      ),
      h(
        'button',
        { type: 'button', class: 'main', 'data-testid': 'send-offer', on: { click: offer } },
        t('send.offer'),
      ),
    );
  }
}

/** @param {Today} day */
function told(day) {
  const sales = money(day.sales_minor, day.currency);
  const usual = day.usual_orders;
  return [
    day.orders ? t('orders', { n: day.orders, sales }) : t('orders.none'),
    usual === null ? t('than.unknown') : t(`than.${day.than_usual}`, { n: Math.round(usual) }),
    counted('came', day.people),
    counted('new', day.new_customers),
    counted('sent', day.messages),
    used(day),
    day.unread_replies !== null && (day.unread_replies ? t('unread', { n: day.unread_replies }) : t('unread.none')),
  ].filter(Boolean);
}

/** A number of people, of which one to nine are not told. @param {string} key @param {number | null} n */
const counted = (key, n) => (n === null ? t(`${key}.few`) : n ? t(key, { n }) : t(`${key}.none`));

/** Coupons; of those that no sale of a till or shop system names, only how many. @param {Today} day */
function used({ codes: n, codes_sales_minor: minor, currency }) {
  if (!n) return t('codes.none');
  return minor ? t('codes', { n, sales: money(minor, currency) }) : t('codes.alone', { n });
}
