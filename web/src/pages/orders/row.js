/** One order as a line that opens: its things, discounts, what went back. */
import { h } from '../../ui/dom.js';
import { money, moment, number } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';
import { orderChannel, orderStatus, orderTone, thingsWords } from './words.js';

/** @import {Order} from '../../types' */

/**
 * @param {Order} order
 * @param {Map<string, string>} stores names by id
 * @param {{open?: boolean, linked?: boolean, below?: HTMLElement | null}} [options] `linked`: with a way to the person's
 *   screen; `below`: what can be done about it
 */
export function orderRow(order, stores, { open = false, linked = false, below = null } = {}) {
  const { currency } = order;
  const place = order.store_id ? (stores.get(order.store_id) ?? 'a store that is gone') : null;
  const isReturn = order.total_minor < 0;
  return h(
    'li',
    { 'data-testid': 'order-row' },
    h(
      'details',
      { class: 'order-row', open },
      h(
        'summary',
        null,
        h('strong', { class: 'breaks' }, `${isReturn ? 'Return' : 'Order'} ${order.external_id}`),
        pill(orderStatus(order.status), orderTone(order.status)),
        h('span', { class: 'timeline-sum' }, money(order.total_minor, currency)),
        h(
          'span',
          { class: 'order-about quiet' },
          [moment(order.ordered_at), place, orderChannel(order.channel), thingsWords(order.lines)]
            .filter(Boolean)
            .join(' · '),
        ),
      ),
      lines(order),
      order.refunds.length > 0 && refunds(order),
      linked && whose(order),
      h(
        'p',
        { class: 'quiet breaks' },
        [
          `from ${order.source}`,
          order.return_of && `return of order ${order.return_of}`,
          order.coupons.length > 0 && `coupon ${order.coupons.join(', ')}`,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
      below,
    ),
  );
}

/** @param {Order} order */
function lines(order) {
  const { currency } = order;
  /** @type {[string, number][]} */
  const sums = [
    ['Discount', -order.discount_minor],
    ['Shipping', order.shipping_minor],
    ['Tax, in the prices or on top', order.tax_minor],
  ];
  return h(
    'table',
    { class: 'order-lines' },
    h(
      'thead',
      { class: 'visually-hidden' },
      h('tr', null, h('th', { scope: 'col' }, 'Thing'), h('th', { scope: 'col' }, 'Quantity'), h('th', null, 'Price')),
    ),
    h(
      'tbody',
      null,
      order.lines.map((line) =>
        h(
          'tr',
          null,
          h(
            'td',
            { class: 'breaks' },
            line.name || line.sku || line.product_id || 'Something',
            line.replaces && h('span', { class: 'quiet' }, ` instead of ${line.replaces}`),
            line.quantity < 0 && h('span', { class: 'quiet' }, ' (brought back)'),
          ),
          h('td', { class: 'num' }, `${number(line.quantity)} ×`),
          h('td', { class: 'num' }, money(line.total_minor, currency)),
        ),
      ),
      sums
        .filter(([, minor]) => minor !== 0)
        .map(([words, minor]) =>
          h(
            'tr',
            { class: 'quiet' },
            h('td', { colspan: 2 }, words),
            h('td', { class: 'num' }, money(minor, currency)),
          ),
        ),
      h(
        'tr',
        null,
        h('th', { scope: 'row', colspan: 2 }, 'Total'),
        h('td', { class: 'num' }, h('strong', null, money(order.total_minor, currency))),
      ),
    ),
  );
}

/** @param {Order} order */
const whose = ({ customer }) =>
  customer?.profile_id
    ? h('p', null, h('a', { class: 'link', href: `/people/${customer.profile_id}` }, 'Who bought it'))
    : h('p', { class: 'quiet' }, customer ? 'Of a customer whom you may not look up.' : 'Of a guest.');

/** @param {Order} order */
const refunds = (order) =>
  h(
    'ul',
    { class: 'order-refunds' },
    order.refunds.map((refund) =>
      h(
        'li',
        null,
        h('strong', null, `${money(refund.amount_minor, order.currency)} went back`),
        ` on ${moment(refund.at)}${refund.reason ? `: ${refund.reason}` : ''}`,
      ),
    ),
  );
