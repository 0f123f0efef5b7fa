/** "Try a cart": products, a person's buying, a code; and line by line what the offers make of it, with reasons. */
import { get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { money } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, explain, loading, pill } from '../../ui/widgets.js';
import { productsField } from './products_field.js';
import { CHANNELS, DEGREES, minorOf } from './words.js';

/** @import {Product, Store} from '../../types' */
/** @import {Offer} from './words.js' */
/** @typedef {{item: string, name: string, quantity: HTMLInputElement}} TriedLine */

const WAIT_MS = 300;

/** @param {{stores: Store[], offer: Offer | null, signal: AbortSignal}} options `offer`: tried as if it were switched on */
export function tryCart({ stores, offer, signal }) {
  const place = offer?.store_id ?? stores[0]?.id ?? '';
  /** @type {TriedLine[]} */
  let lines = [];
  let due = 0;
  let asked = 0;
  const pick = productsField('Put a product into the cart', {
    chosen: [],
    most: 50,
    testid: 'try-product',
    signal,
    onPick: put,
  });
  const store = selectField(
    'At',
    [['', 'no store'], ...stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name]))],
    place,
    { testid: 'try-store' },
  );
  const channel = selectField('By', CHANNELS, 'pos', { testid: 'try-channel' });
  const decline = selectField('Somebody who', DEGREES, 'unknown', { testid: 'try-decline' });
  const code = textField('Code', { maxlength: 40, placeholder: 'none' }, { testid: 'try-code' });
  const delivery = textField(
    'Delivery costs',
    { inputmode: 'decimal', placeholder: '0.00' },
    { testid: 'try-delivery' },
  );
  const basket = h('ul', { class: 'try-lines', 'data-testid': 'try-lines' });
  const result = h('div', { class: 'try-result', role: 'status', 'data-testid': 'try-result' });

  /** @param {Product} product */
  function put(product) {
    const variant = product.variants.find((one) => one.price_minor !== null) ?? product.variants[0];
    const item = variant?.id;
    const there = lines.find((line) => line.item === item);
    if (!item) return;
    if (there) there.quantity.value = String(Number(there.quantity.value) + 1);
    else lines = [...lines, { item, name: product.name, quantity: amountOf(product.name) }];
    draw();
  }

  /** @param {string} name */
  const amountOf = (name) =>
    h('input', {
      type: 'number',
      min: 0,
      step: 'any',
      value: '1',
      'aria-label': `How many of ${name}`,
      on: { input: later },
    });

  function draw() {
    fill(
      basket,
      lines.map((line) =>
        h(
          'li',
          null,
          line.quantity,
          h('span', { class: 'breaks' }, line.name),
          h(
            'button',
            {
              type: 'button',
              class: 'icon-button',
              'aria-label': `Take ${line.name} out`,
              on: { click: () => drop(line) },
            },
            icon('close', 16),
          ),
        ),
      ),
    );
    later();
  }

  /** @param {TriedLine} line */
  function drop(line) {
    lines = lines.filter((one) => one !== line);
    draw();
  }

  function later() {
    window.clearTimeout(due);
    due = window.setTimeout(ask, WAIT_MS);
  }

  async function ask() {
    const mine = ++asked;
    const wanted = lines.filter((line) => Number(line.quantity.value) > 0);
    if (!wanted.length)
      return fill(result, empty('An empty cart', 'Put something in, and see what the offers make of it.'));
    if (!result.childElementCount) fill(result, loading());
    const body = {
      lines: wanted.map(({ item, quantity }) => ({ item, quantity: Math.round(Number(quantity.value) * 1000) / 1000 })),
      store_id: store.input.value || null,
      channel: channel.input.value,
      coupons: code.input.value.trim() ? [code.input.value.trim()] : [],
      delivery_minor: minorOf(delivery.input.value, offer?.currency ?? 'CHF') || 0,
      try_offers: offer && offer.status !== 'archived' ? [offer.id] : [],
      try_decline: decline.input.value,
    };
    try {
      const priced = await post('/v1/offers/price', body);
      if (mine === asked && !signal.aborted) fill(result, receipt(priced, offer));
    } catch (failure) {
      if (mine === asked && !signal.aborted)
        fill(result, h('p', { class: 'form-error', role: 'alert' }, explain(failure)));
    }
  }

  /** What an offer is on lies in the cart from the start, so that there is something to see. */
  async function begin() {
    const id = offer?.products[0]?.id;
    try {
      if (id) put(await get(`/v1/products/${id}`, {}, signal));
    } catch {
      // a product that is gone: the cart begins empty
    }
    if (!lines.length) ask();
  }

  [store, channel, decline].forEach(({ input }) => input.addEventListener('change', ask));
  [code, delivery].forEach(({ input }) => input.addEventListener('input', later));
  begin();
  return h(
    'section',
    { class: 'card try-cart', 'aria-labelledby': 'try-title', 'data-testid': 'try-cart' },
    h('h2', { id: 'try-title' }, 'Try a cart'),
    h('p', { class: 'quiet' }, 'The same answer as at the till, in the app and on the web. Nothing is used by trying.'),
    h(
      'div',
      { class: 'try-columns' },
      h(
        'div',
        { class: 'stack' },
        pick.node,
        basket,
        h('div', { class: 'field-pair' }, store.node, channel.node),
        decline.node,
        h('div', { class: 'field-pair' }, code.node, delivery.node),
      ),
      result,
    ),
  );
}

/** @param {Record<string, any>} priced @param {Offer | null} offer */
function receipt(priced, offer) {
  const cash = (/** @type {number} */ minor) => money(minor, priced.currency);
  const own = priced.offers.filter((/** @type {any} */ one) => one.offer_id === offer?.id);
  const others = priced.offers.filter((/** @type {any} */ one) => one.offer_id !== offer?.id);
  return [
    h(
      'table',
      { class: 'receipt' },
      h('caption', { class: 'visually-hidden' }, 'The cart, line by line'),
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Line'), h('th', { scope: 'col' }, 'Costs'))),
      h(
        'tbody',
        null,
        priced.lines.map((/** @type {any} */ line) => lineRows(line, cash)),
      ),
      h(
        'tfoot',
        null,
        priced.delivery_minor > 0 &&
          h('tr', null, h('th', { scope: 'row' }, 'Delivery'), h('td', null, cash(priced.delivery_minor))),
        h(
          'tr',
          null,
          h('th', { scope: 'row' }, 'Together'),
          h('td', { 'data-testid': 'try-total' }, h('strong', null, cash(priced.total_minor))),
        ),
      ),
    ),
    priced.left_out.map((/** @type {any} */ line) => h('p', { class: 'note note-warn' }, `Left out: ${line.why}.`)),
    priced.codes
      .filter((/** @type {any} */ one) => !one.is_good)
      .map((/** @type {any} */ one) => h('p', { class: 'note note-warn' }, `${one.code}: ${one.words}`)),
    h('ul', { class: 'judged', 'data-testid': 'try-reasons' }, [...own, ...others].map(judged)),
  ];
}

/** @param {Record<string, any>} line @param {(minor: number) => string} cash */
const lineRows = (line, cash) => [
  h(
    'tr',
    null,
    h('th', { scope: 'row', class: 'breaks' }, `${line.quantity} × ${line.name}`),
    h('td', null, cash(line.list_minor)),
  ),
  line.shares.map((/** @type {any} */ share) =>
    h(
      'tr',
      { class: 'receipt-less' },
      h('th', { scope: 'row', class: 'breaks' }, share.name),
      h('td', null, `−${cash(share.discount_minor)}`),
    ),
  ),
];

/** @param {Record<string, any>} one */
const judged = (one) =>
  h(
    'li',
    null,
    h(
      'p',
      { class: 'row-title' },
      h('strong', { class: 'breaks' }, one.name),
      one.reason ? pill('gives nothing') : pill('holds', 'ok'),
    ),
    h('p', { class: 'breaks' }, one.words),
  );
