/**
 * The page "Orders": what was sold, the newest first, by number, store, status and day. Each opens to its lines and
 * refunds. The address holds the filters.
 */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { fromLocalField } from '../../ui/format.js';
import { empty, explain, failure, loading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { commercePage, filterForm } from '../commerce.js';
import { orderRow } from './row.js';
import { ORDER_STATUS } from './words.js';

/** @import {Order} from '../../types' */

const PAGE = 50;

export const ordersPage = commercePage('Orders', list);

/** @param {import('../commerce.js').Opened} opened */
function list({ context, query, stores, signal }) {
  const names = new Map(stores.map((store) => [store.id, store.properties.name]));
  const number = textField(
    'Number',
    { type: 'search', value: query.get('number') ?? '', maxlength: 255 },
    { testid: 'order-number' },
  );
  const status = selectField(
    'Status',
    [['', 'Every status'], ...Object.entries(ORDER_STATUS)],
    query.get('status') ?? '',
    { testid: 'order-status' },
  );
  const store = selectField(
    'Store',
    [['', 'Every store'], ...stores.map((one) => /** @type {[string, string]} */ ([one.id, one.properties.name]))],
    query.get('store') ?? '',
    { testid: 'order-store' },
  );
  const since = textField('From', { type: 'date', value: query.get('since') ?? '' }, { testid: 'order-since' });
  const until = textField('To', { type: 'date', value: query.get('until') ?? '' }, { testid: 'order-until' });
  const rows = h('ul', { class: 'orders', 'data-testid': 'order-list' });
  const foot = h('div', null);
  const linked = may(context.me, 'customers');
  let cursor = /** @type {string | null} */ (null);

  function apply() {
    const asked = {
      number: number.input.value.trim().replace(/^#/, ''),
      status: status.input.value,
      store: store.input.value,
      since: since.input.value,
      until: until.input.value,
    };
    context.navigate(`/orders${queryString(asked)}`);
  }

  async function load() {
    fill(foot, loading());
    const asked = {
      external_id: query.get('number'),
      status: query.get('status'),
      store_id: query.get('store'),
      since: fromLocalField(dayStart(query.get('since'), 0)),
      until: fromLocalField(dayStart(query.get('until'), 1)),
    };
    try {
      const page = await get('/v1/orders', { ...asked, limit: PAGE, cursor }, signal);
      cursor = page.next;
      const open = page.items.length === 1 && !rows.childElementCount && Boolean(asked.external_id);
      rows.append(...page.items.map((/** @type {Order} */ order) => orderRow(order, names, { open, linked })));
      fill(foot, rows.childElementCount ? cursor && more() : nothing());
    } catch (error) {
      if (signal.aborted) return;
      fill(foot, rows.childElementCount ? [h('p', { role: 'alert' }, explain(error)), more()] : failure(error, load));
    }
  }

  const nothing = () =>
    query.size
      ? empty('No such order', 'Change the filters above; a number is that of the till or shop system, in full.')
      : empty(
          'No order yet',
          'Orders come from tills, shop systems, imports and the API, and are listed here as they come.',
        );
  const more = () =>
    h('button', { type: 'button', class: 'button', 'data-testid': 'more', on: { click: load } }, 'Show older ones');

  load();
  return [
    h('header', { class: 'page-head' }, h('h1', null, 'Orders')),
    filterForm([number, status, store, since, until], apply),
    h('div', { class: 'card' }, rows, foot),
  ];
}

/** Midnight of a day, `plus` days later, as a local field has it. @param {string | null} on @param {number} plus */
function dayStart(on, plus) {
  if (!on) return '';
  const day = new Date(`${on}T00:00Z`);
  day.setUTCDate(day.getUTCDate() + plus);
  return `${day.toISOString().slice(0, 10)}T00:00`;
}
