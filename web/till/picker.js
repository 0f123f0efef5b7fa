/** The products: big buttons, found by name, sku or barcode. A scanner types the barcode and presses Enter. */

import { fill, h } from '../src/ui/dom.js';
import { isCalled } from './api.js';
import { money } from './money.js';

/** @import {Item} from './types' */

/** So many buttons at once; a search finds the rest. */
const SHOWN = 60;

/**
 * @param {{items: Item[], pick: (item: Item) => void, find: (code: string) => Promise<Item[]>}} given `items`: those that
 *   were kept, until `show` brings fresh ones; `find`: asks the server for a code
 */
export function picker({ items, pick, find }) {
  let none = 'The products are being fetched …';
  const search = h('input', {
    type: 'search',
    id: 'search',
    autocomplete: 'off',
    enterkeyhint: 'go',
    'data-testid': 'search',
    on: { input: draw, keydown: scanned },
  });
  const grid = h('div', { class: 'grid', 'data-testid': 'products' });
  const node = h(
    'section',
    { class: 'goods', 'aria-label': 'Products' },
    h('label', { for: 'search' }, 'Product: name, number or barcode'),
    search,
    grid,
  );
  draw();
  return {
    node,
    /** @param {Item[]} fresh */
    show(fresh) {
      items = fresh;
      none = 'No products with a price yet. Add them with POST /v1/products.';
      draw();
    },
    /** @param {string} words */
    none(words) {
      none = words;
      draw();
    },
  };

  /** @param {KeyboardEvent} event */
  async function scanned(event) {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const code = search.value.trim();
    if (!code) return;
    const near = matching();
    const kept = items.find((item) => isCalled(item, code)) ?? (near.length === 1 ? near[0] : undefined);
    const found = kept ?? (await find(code))[0];
    if (!found) return;
    pick(found);
    if (search.value.trim() === code) search.value = '';
    draw();
  }

  function matching() {
    const words = search.value.trim().toLocaleLowerCase();
    if (!words) return items;
    return items.filter((item) =>
      [item.name, item.sku, item.barcode, item.product_id].some((text) => text?.toLocaleLowerCase().includes(words)),
    );
  }

  function draw() {
    const found = matching();
    fill(
      grid,
      found
        .slice(0, SHOWN)
        .map((item) =>
          h(
            'button',
            { type: 'button', class: 'product', on: { click: () => pick(item) } },
            h('span', { class: 'what' }, item.name),
            h('span', { class: 'price' }, money(item.price_minor, item.currency)),
          ),
        ),
      !items.length && h('p', { class: 'soft' }, none),
      items.length > 0 && !found.length && h('p', { class: 'soft' }, 'Nothing is called so.'),
      found.length > SHOWN && h('p', { class: 'soft' }, `${found.length - SHOWN} more: type a part of the name.`),
    );
  }
}
