/** What offers make of the sale that is being made: asked of the server with every change, shown line by line. */

import { fill, h } from '../src/ui/dom.js';
import { call } from './api.js';
import { money } from './money.js';

/** @import {Line, Store} from './types' */
/** @typedef {{discount_minor: number, codes: string[]}} Off */

const WAIT_MS = 250;
/** @type {Off} */
const NOTHING = { discount_minor: 0, codes: [] };

/** @param {{store: Store, changed: () => void}} given `changed`: the answer is another one, the sum must be drawn again */
export function offers({ store, changed }) {
  /** @type {Off} */
  let off = NOTHING;
  let due = 0;
  let asked = 0;
  const list = h('ul', { class: 'offers', 'data-testid': 'offers' });
  const code = h('input', {
    type: 'text',
    id: 'coupon',
    autocomplete: 'off',
    autocapitalize: 'characters',
    'data-testid': 'coupon',
    on: { input: () => again() },
  });
  /** What the sale is now, as it was told last. @type {{lines: Line[], member: string}} */
  let sale = { lines: [], member: '' };
  const again = () => update(sale.lines, sale.member);
  const node = h('div', { class: 'coupon' }, h('label', { for: 'coupon' }, 'Coupon code (may stay empty)'), code, list);
  return { node, update, off: () => off, clear };

  /** The sale has changed. @param {Line[]} lines none for a return @param {string} member their code */
  function update(lines, member) {
    sale = { lines, member };
    asked += 1;
    off = NOTHING;
    window.clearTimeout(due);
    if (lines.length) due = window.setTimeout(ask, WAIT_MS);
    else fill(list);
  }

  async function ask() {
    const mine = asked;
    const { lines, member } = sale;
    const codes = code.value.trim() ? [code.value.trim()] : [];
    const answer = await call('POST', '/v1/offers/price', {
      store_id: store.id,
      channel: 'pos',
      currency: lines[0].item.currency,
      coupons: codes,
      ...(member && { customer: { external_id: member, loyalty_card: member } }),
      lines: lines.map(({ item, quantity }) => ({
        product_id: item.product_id,
        variant_id: item.variant_id,
        sku: item.sku ?? undefined,
        name: item.name,
        quantity,
        unit_price_minor: item.price_minor,
        currency: item.currency,
      })),
    });
    if (mine !== asked) return; // the sale has changed meanwhile
    if (answer.is !== 'done') {
      fill(list, codes.length > 0 && h('li', { class: 'soft' }, 'No answer now: the code cannot be checked.'));
      return;
    }
    const priced = answer.data;
    off = { discount_minor: priced.discount_minor, codes };
    const hold = priced.offers.filter((/** @type {any} */ one) => one.discount_minor > 0);
    fill(
      list,
      hold.map((/** @type {any} */ one) =>
        h(
          'li',
          null,
          h('span', { class: 'what' }, one.name),
          h('span', { class: 'price' }, money(-one.discount_minor, priced.currency)),
        ),
      ),
      priced.codes.map((/** @type {any} */ one) => refusal(one, priced.offers)),
    );
    changed();
  }

  /** Why a code takes nothing off, where it does not. @param {any} one @param {any[]} judged */
  function refusal(one, judged) {
    const words = one.is_good ? judged.find((each) => each.offer_id === one.offer_id && each.reason)?.words : one.words;
    return words && h('li', { class: 'soft', 'data-testid': 'coupon-refused' }, words);
  }

  function clear() {
    code.value = '';
    update([], '');
  }
}
