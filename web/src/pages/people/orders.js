/** What a person bought: the orders, the newest first, each with its lines and what went back. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, explain, failure, loading } from '../../ui/widgets.js';
import { orderRow } from '../orders/row.js';

/** @import {Order} from '../../types' */
/** @import {Person} from './person.js' */

const PAGE = 10;

/** @param {Person} person */
export function ordersCard({ id, stores, signal, guarded }) {
  const names = new Map(stores.map((store) => [store.id, store.properties.name]));
  const list = h('ul', { class: 'orders', 'data-testid': 'orders' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);

  async function load() {
    fill(foot, loading());
    try {
      const page = await guarded(() => get('/v1/orders', { profile_id: id, limit: PAGE, cursor }, signal));
      cursor = page.next;
      list.append(...page.items.map((/** @type {Order} */ order) => orderRow(order, names)));
      fill(foot, list.childElementCount ? cursor && more() : empty('Nothing bought yet'));
    } catch (error) {
      if (signal.aborted || error instanceof DOMException) return;
      fill(foot, list.childElementCount ? [h('p', { role: 'alert' }, explain(error)), more()] : failure(error, load));
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
