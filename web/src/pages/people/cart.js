/** What a person has put into their cart and not ordered yet. */
import { h } from '../../ui/dom.js';
import { money, moment } from '../../ui/format.js';
import { picture } from '../../ui/picture.js';
import { pill } from '../../ui/widgets.js';
import { cartValue, quantity } from './words.js';

/** @import {CartLine, OpenCart} from '../../types' */

/** @param {OpenCart[]} carts @param {string[]} origins whose pictures may be shown */
export function cartCard(carts, origins) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'cart-title', 'data-testid': 'carts' },
    h('h2', { id: 'cart-title' }, carts.length > 1 ? 'Open carts' : 'Open cart'),
    carts.length ? carts.map((one) => cart(one, origins)) : h('p', { class: 'quiet' }, 'Nothing in it.'),
  );
}

/** @param {OpenCart} one @param {string[]} origins */
function cart({ store_name, changed_at, abandoned_at, lines }, origins) {
  return h(
    'div',
    { class: 'cart', 'data-testid': 'cart' },
    h(
      'p',
      { class: 'row-title' },
      h('strong', null, cartValue(lines)),
      abandoned_at && pill('abandoned', 'warn'),
      h('span', { class: 'quiet' }, [store_name, `changed ${moment(changed_at)}`].filter(Boolean).join(' · ')),
    ),
    h(
      'ul',
      { class: 'things' },
      lines.map((line) => thing(line, origins)),
    ),
  );
}

/** @param {CartLine} line @param {string[]} origins */
const thing = (line, origins) =>
  h(
    'li',
    null,
    picture(line, origins),
    h(
      'span',
      { class: 'row-text' },
      h('span', { class: 'breaks' }, line.name),
      h(
        'span',
        { class: 'quiet' },
        [`${quantity(line.quantity_milli)} ×`, money(line.unit_price_minor, line.currency)].join(' '),
      ),
    ),
  );
