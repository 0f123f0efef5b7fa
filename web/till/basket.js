/** The sale that is being made: its lines, who buys, and the one button that takes it. */

import { fill, h } from '../src/ui/dom.js';
import { lookUp } from './api.js';
import { money, total } from './money.js';
import { offers } from './offers.js';
import { canScan, scan } from './scan.js';

/** @import {Item, Line, Member, Sale, Store} from './types' */

/** @type {Record<string, string>} */
const CHANNELS = { email: 'e-mail', sms: 'SMS', whatsapp: 'WhatsApp', viber: 'Viber' };

/**
 * @param {{
 *   store: Store,
 *   take: (sale: Omit<Sale, 'store_id' | 'sale_id' | 'sold_at'>) => Promise<string>,
 *   say: (words: string) => void,
 * }} given
 */
export function basket({ store, take, say }) {
  /** @type {Line[]} */
  let lines = [];
  let isReturn = false;
  const less = offers({ store, changed: drawSum });

  const list = h('ul', { class: 'lines', 'data-testid': 'lines' });
  const complaint = h('p', { class: 'complaint', role: 'alert', hidden: true });
  const code = h('input', {
    type: 'text',
    id: 'member',
    autocomplete: 'off',
    autocapitalize: 'characters',
    enterkeyhint: 'search',
    'data-testid': 'member',
    on: {
      input: () => {
        showMember('');
        drawOffers(); // some are for known customers
      },
      keydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Enter') void find();
      },
    },
  });
  const who = h('p', { class: 'who', 'data-testid': 'who', hidden: true });
  const original = h('input', { type: 'text', id: 'original', autocomplete: 'off', 'data-testid': 'original' });
  const originalField = h(
    'div',
    { hidden: true },
    h('label', { for: 'original' }, 'Number of the sale it comes from'),
    original,
  );
  const back = h('input', {
    type: 'checkbox',
    id: 'return',
    'data-testid': 'return',
    on: {
      change: () => {
        isReturn = back.checked;
        originalField.hidden = !isReturn;
        draw();
      },
    },
  });
  const done = h('button', { type: 'button', class: 'main', 'data-testid': 'take', on: { click: finish } });
  const last = h('p', { class: 'soft', 'data-testid': 'last' });
  const node = h(
    'section',
    { class: 'sale', 'aria-label': 'This sale' },
    list,
    complaint,
    h('label', { for: 'member' }, 'Member code (may stay empty)'),
    h(
      'div',
      { class: 'row' },
      code,
      canScan() && h('button', { type: 'button', on: { click: read } }, 'Scan'),
      h('button', { type: 'button', 'data-testid': 'find', on: { click: find } }, 'Find'),
    ),
    who,
    less.node,
    h('label', { class: 'check', for: 'return' }, back, 'Goods come back'),
    originalField,
    done,
    last,
  );
  draw();
  return { node, add };

  /** @param {Item} item */
  function add(item) {
    if (lines.some((line) => line.item.currency !== item.currency)) {
      complain(`This sale is in ${lines[0].item.currency}; finish it before one in ${item.currency}.`);
      return;
    }
    const known = lines.find(
      (line) => line.item.product_id === item.product_id && line.item.variant_id === item.variant_id,
    );
    if (known) known.quantity += 1;
    else lines.push({ item, quantity: 1 });
    say(`${item.name} added`);
    draw();
  }

  /** @param {Line} line @param {number} more */
  function change(line, more) {
    line.quantity += more;
    lines = lines.filter((each) => each.quantity > 0);
    draw();
  }

  /** @param {string} words */
  function complain(words) {
    complaint.textContent = words;
    complaint.hidden = !words;
  }

  /** @param {string} words */
  function showMember(words) {
    who.textContent = words;
    who.hidden = !words;
  }

  async function read() {
    const found = await scan(node);
    if (!found) return;
    code.value = found;
    drawOffers();
    await find();
  }

  async function find() {
    const asked = code.value.trim();
    if (!asked) return;
    const answer = await lookUp(store.id, asked);
    if (code.value.trim() !== asked) return;
    if (answer.is === 'done') showMember(told(answer.data.member));
    else if (answer.is === 'refused') showMember(answer.detail);
    else showMember('No answer now. Take the sale: it becomes theirs when it is sent.');
  }

  /** @param {Member | null} member */
  function told(member) {
    if (!member) return 'Not known yet. Take the sale: it becomes theirs when they are.';
    const ask = member.consents_to_ask.map(({ channel }) => CHANNELS[channel] ?? channel);
    const name = member.display_name ?? 'A known customer';
    return ask.length ? `${name} · may we write by ${ask.join(', ')}?` : name;
  }

  async function finish() {
    if (!lines.length) return;
    const sign = isReturn ? -1 : 1;
    const member_code = code.value.trim();
    const return_of = original.value.trim();
    const [{ item }] = lines;
    const { discount_minor, codes } = less.off();
    const sum = money(sign * total(lines) - discount_minor, item.currency);
    const sale_id = await take({
      currency: item.currency,
      ...(member_code && { member: { member_code } }),
      ...(isReturn && return_of && { return_of }),
      ...(discount_minor > 0 && { discount_minor }),
      ...(codes.length > 0 && { coupons: codes }),
      lines: lines.map((line) => ({
        product_id: line.item.product_id,
        variant_id: line.item.variant_id,
        sku: line.item.sku,
        name: line.item.name,
        quantity: sign * line.quantity,
        unit_price_minor: line.item.price_minor,
      })),
    });
    last.textContent = `${isReturn ? 'Given back' : 'Sold'}: ${sum}, number ${sale_id}`;
    say(last.textContent);
    lines = [];
    code.value = original.value = '';
    back.checked = isReturn = false;
    originalField.hidden = true;
    showMember('');
    less.clear();
    draw();
  }

  function draw() {
    complain('');
    fill(
      list,
      lines.map((line) =>
        h(
          'li',
          null,
          h('span', { class: 'what' }, line.item.name),
          h('span', { class: 'price' }, money(line.quantity * line.item.price_minor, line.item.currency)),
          h(
            'button',
            { type: 'button', 'aria-label': `One ${line.item.name} less`, on: { click: () => change(line, -1) } },
            '−',
          ),
          h('span', { class: 'count' }, line.quantity),
          h(
            'button',
            { type: 'button', 'aria-label': `One ${line.item.name} more`, on: { click: () => change(line, 1) } },
            '+',
          ),
        ),
      ),
      !lines.length && h('li', { class: 'soft' }, 'Pick a product.'),
    );
    drawOffers();
  }

  function drawOffers() {
    less.update(isReturn ? [] : lines, code.value.trim());
    less.node.hidden = isReturn;
    drawSum();
  }

  function drawSum() {
    const minor = (isReturn ? -1 : 1) * total(lines) - less.off().discount_minor;
    const sum = lines.length ? money(minor, lines[0].item.currency) : '';
    fill(done, lines.length ? `${isReturn ? 'Give back' : 'Take the sale'} · ${sum}` : 'Take the sale');
    done.disabled = !lines.length;
  }
}
