/** What a person bought: the orders, the newest first, each with its lines and what went back. */
import { get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { ask, empty, explain, failure, loading } from '../../ui/widgets.js';
import { orderRow } from '../orders/row.js';

/** @import {Order} from '../../types' */
/** @import {Person} from './person.js' */

const PAGE = 10;
/** @type {[string, string, string][]} what may be told, on the button and in the question */
const NOTICES = [
  ['confirmation', 'Confirmation…', 'that the order was received'],
  ['ready', 'Ready…', 'that the order can be picked up'],
  ['receipt', 'Receipt…', 'what was paid'],
];

/** @param {Person} person */
export function ordersCard({ id, context, stores, signal, guarded }) {
  const names = new Map(stores.map((store) => [store.id, store.properties.name]));
  const list = h('ul', { class: 'orders', 'data-testid': 'orders' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);

  async function load() {
    fill(foot, loading());
    try {
      const page = await guarded(() => get('/v1/orders', { profile_id: id, limit: PAGE, cursor }, signal));
      cursor = page.next;
      list.append(...page.items.map((/** @type {Order} */ order) => orderRow(order, names, { below: telling(order) })));
      fill(foot, list.childElementCount ? cursor && more() : empty('Nothing bought yet'));
    } catch (error) {
      if (signal.aborted || error instanceof DOMException) return;
      fill(foot, list.childElementCount ? [h('p', { role: 'alert' }, explain(error)), more()] : failure(error, load));
    }
  }

  /** Sends what the customer was told about an order, again. @param {Order} order */
  const telling = (order) =>
    h(
      'div',
      { class: 'page-tools', role: 'group', 'aria-label': `Send again about order ${order.external_id}` },
      h('span', { class: 'quiet' }, 'Send again:'),
      NOTICES.map(([notice, label, words]) =>
        h(
          'button',
          {
            type: 'button',
            class: 'button button-small',
            'data-testid': `tell-${notice}`,
            on: { click: () => tell(order, notice, words) },
          },
          label,
        ),
      ),
    );

  /** @param {Order} order @param {string} notice @param {string} words */
  async function tell(order, notice, words) {
    const answer = await ask({
      title: 'Send it to their phone?',
      testid: 'tell-dialog',
      body: h('p', null, `A push in their language says ${words}. It carries no offer, so it goes at any hour.`),
      actions: [
        { label: 'Not now', value: '' },
        { label: 'Send', value: 'yes', tone: 'primary', testid: 'tell-confirm' },
      ],
    });
    if (!answer) return;
    try {
      const { message_ids } = await guarded(() => post(`/v1/orders/${order.id}/messages`, { notice }));
      context.toast(
        message_ids.length === 1 ? 'It is on its way.' : `It is on its way to ${message_ids.length} phones.`,
      );
    } catch (failed) {
      if (!(failed instanceof DOMException)) context.toast(explain(failed), { tone: 'bad' });
    }
  }

  const more = () =>
    h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'orders-more', on: { click: load } },
      'Show older ones',
    );

  load();
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'orders-title' },
    h('h2', { id: 'orders-title' }, 'Orders'),
    list,
    foot,
  );
}
