/** What a person has put into their cart and not ordered yet. */
import { h } from '../../ui/dom.js';
import { initials, money, moment } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';

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

/**
 * A product's picture, from our own server or an origin that the server was told of (the page's policy stops all others);
 * else its letters.
 * @param {{name: string, image_url: string | null}} line
 * @param {string[]} origins
 */
export function picture({ name, image_url: url }, origins) {
  const address = url && URL.parse(url, location.href);
  if (address && (address.protocol === 'data:' || [location.origin, ...origins].includes(address.origin)))
    return h('img', { class: 'thing-picture', src: url, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' });
  return h('span', { class: 'thing-picture', 'aria-hidden': 'true' }, initials(name));
}

/** 2, 0.75 @param {number} milli */
export const quantity = (milli) => (milli / 1000).toLocaleString('en-GB', { maximumFractionDigits: 3 });

/** What the lines are worth, by currency; a line without a price is said to be left out. @param {CartLine[]} lines */
export function cartValue(lines) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { currency, unit_price_minor, quantity_milli } of lines) {
    if (!currency || unit_price_minor === null) continue;
    sums.set(currency, (sums.get(currency) ?? 0) + (unit_price_minor * quantity_milli) / 1000);
  }
  const words = [...sums].map(([currency, sum]) => money(Math.round(sum), currency)).join(' + ');
  const unpriced = lines.filter((line) => !line.currency || line.unit_price_minor === null).length;
  if (!words) return lines.length === 1 ? 'One thing, without a price' : `${lines.length} things, without prices`;
  return unpriced ? `${words}, and ${unpriced} without a price` : words;
}
