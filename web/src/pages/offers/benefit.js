/** The small form of what an offer gives: one for each kind, and sizes by how somebody's buying has changed. */
import { fill, h } from '../../ui/dom.js';
import { checkField, numberIn, selectField, textField } from '../../ui/fields.js';
import { productsField } from './products_field.js';
import { AMONG, DEGREES, KINDS, minorOf, productNames, typed } from './words.js';

/** @import {Offer} from './words.js' */

const SIZED = ['percent', 'amount', 'second_item'];

/** @param {{offer: Offer | null, currency: () => string, signal: AbortSignal}} options */
export function benefitFields({ offer, currency, signal }) {
  const given = offer?.benefit ?? { kind: 'percent', percent: 10 };
  const names = offer ? productNames(offer) : new Map();
  const known = (/** @type {string[]} */ ids) =>
    ids.map((id) => ({ id, name: names.get(id) ?? 'a product that is gone' }));
  const kind = selectField('What it gives', KINDS, given.kind, { testid: 'offer-kind' });
  const money = (
    /** @type {string} */ label,
    /** @type {number | null | undefined} */ minor,
    /** @type {string} */ testid,
  ) => textField(label, { inputmode: 'decimal', value: typed(minor, currency()), placeholder: '5.00' }, { testid });
  const count = (
    /** @type {string} */ label,
    /** @type {number | null | undefined} */ value,
    /** @type {string} */ testid,
  ) => textField(label, { type: 'number', min: 1, step: 1, value: value ?? '' }, { testid });
  const one = (/** @type {string} */ label, /** @type {string} */ testid, /** @type {string[]} */ ids, most = 1) =>
    productsField(label, { chosen: known(ids), most, testid, signal });

  const percent = count('Percent off', given.percent, 'offer-percent');
  const amount = money('How much off', given.amount_minor, 'offer-amount');
  const among = selectField('Which one is cheaper', AMONG, given.among ?? 'any', { testid: 'offer-among' });
  const times = textField(
    'At most so often in a cart',
    { type: 'number', min: 1, step: 1, value: given.times ?? '', placeholder: 'as often as it fits' },
    { testid: 'offer-times' },
  );
  const buy = count('So many are paid', given.buy ?? 2, 'offer-buy');
  const free = count('So many are free', given.get ?? 1, 'offer-get');
  const gift = one('The gift', 'offer-gift', given.kind === 'gift' ? [given.product_id] : []);
  const pieces = count('Pieces', given.quantity ?? 1, 'offer-pieces');
  const set = one('One of each', 'offer-set', given.product_ids ?? [], 10);
  const setPrice = money('What the set costs', given.kind === 'bundle' ? given.price_minor : null, 'offer-set-price');
  const other = one('The cheaper product', 'offer-other', given.kind === 'cross_sell' ? [given.product_id] : []);
  const otherPrice = money(
    'What it costs then',
    given.kind === 'cross_sell' ? given.price_minor : null,
    'offer-other-price',
  );

  const tiered = checkField(
    'The size depends on how the customer’s buying has changed',
    Object.keys(offer?.tiers ?? {}).length > 0,
    {
      testid: 'offer-tiered',
      hint: 'Measured against each customer’s own habit; only for those who agreed to personalisation. Leave a field empty: nothing for them.',
    },
  );
  const tiers = DEGREES.map(([degree, words]) => {
    const size = offer?.tiers?.[degree];
    const shown = size === undefined ? '' : given.kind === 'amount' ? typed(size, currency()) : size;
    return /** @type {const} */ ([
      degree,
      textField(words, { inputmode: 'decimal', value: shown }, { testid: `tier-${degree}` }),
    ]);
  });
  const tierRow = h(
    'div',
    { class: 'tier-row' },
    tiers.map(([, field]) => field.node),
  );

  /** @type {Record<string, {node: Node}[]>} */
  const forms = {
    percent: [percent],
    amount: [amount],
    second_item: [percent, among, times],
    buy_get: [buy, free, times],
    gift: [gift, pieces],
    free_delivery: [],
    bundle: [set, setPrice, times],
    cross_sell: [other, otherPrice, times],
  };
  const place = h('div', { class: 'kind-form' });
  const sizes = h('div', { class: 'stack' });
  function draw() {
    const chosen = kind.input.value;
    fill(
      place,
      forms[chosen].map((field) => field.node),
    );
    fill(sizes, SIZED.includes(chosen) && [tiered.node, tiered.box.checked && tierRow]);
  }
  kind.input.addEventListener('change', draw);
  tiered.box.addEventListener('change', draw);
  draw();

  function benefit() {
    const chosen = kind.input.value;
    const minor = (/** @type {{input: {value: string}}} */ field) => minorOf(field.input.value, currency());
    const limit = { times: numberIn(times.input) };
    switch (chosen) {
      case 'percent':
        return { kind: chosen, percent: numberIn(percent.input) };
      case 'amount':
        return { kind: chosen, amount_minor: minor(amount) };
      case 'second_item':
        return { kind: chosen, percent: numberIn(percent.input), among: among.input.value, ...limit };
      case 'buy_get':
        return { kind: chosen, buy: numberIn(buy.input), get: numberIn(free.input), ...limit };
      case 'gift':
        return { kind: chosen, product_id: gift.ids()[0] ?? null, quantity: numberIn(pieces.input) };
      case 'bundle':
        return { kind: chosen, product_ids: set.ids(), price_minor: minor(setPrice), ...limit };
      case 'cross_sell':
        return { kind: chosen, product_id: other.ids()[0] ?? null, price_minor: minor(otherPrice), ...limit };
      default:
        return { kind: chosen };
    }
  }

  function sizesBy() {
    const chosen = kind.input.value;
    if (!SIZED.includes(chosen) || !tiered.box.checked) return {};
    const pairs = tiers.map(([degree, { input }]) => [
      degree,
      chosen === 'amount' ? minorOf(input.value, currency()) : numberIn(input),
    ]);
    return Object.fromEntries(pairs.filter(([, size]) => size !== null));
  }

  return {
    node: h('div', { class: 'stack' }, kind.node, place, sizes),
    benefit,
    tiers: sizesBy,
    /** By the end of the pointer that the server names. */
    fields: /** @type {Record<string, {setError: (text: string | null) => void, input: HTMLElement}>} */ ({
      percent: percent,
      amount_minor: amount,
      buy: buy,
      get: free,
      times: times,
      quantity: pieces,
      price_minor: {
        setError: (text) => (kind.input.value === 'bundle' ? setPrice : otherPrice).setError(text),
        input: setPrice.input,
      },
      product_ids: set,
      product_id: {
        setError: (text) => (kind.input.value === 'gift' ? gift : other).setError(text),
        input: gift.input,
      },
    }),
  };
}
