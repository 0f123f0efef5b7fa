/** An offer written, or changed: what it gives, on what, when and for whom, and what it may cost. */
import { ApiError, call, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { checkField, chips, dayChips, numberIn, selectField, textField } from '../../ui/fields.js';
import { fromLocalField, toLocalField } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { benefitFields } from './benefit.js';
import { productsField } from './products_field.js';
import { CHANNELS, minorOf, productNames, typed } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Offer} from './words.js' */

const MOST_STORE_CHIPS = 24;
/** @type {[string, string][]} */
const COMBINES = [
  ['main', 'no: of all that do not combine the best one holds'],
  ['', 'yes, with every other offer'],
];

/** @param {{context: Context, stores: Store[], offer: Offer | null, currencies: string[], signal: AbortSignal}} options */
export function offerForm({ context, stores, offer, currencies, signal }) {
  const isShop = context.me.operator.role === 'shop';
  const back = offer ? `/offers?id=${offer.id}` : '/offers';
  const storeChoices = stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name]));
  const at = offer?.conditions ?? {};
  const name = textField(
    'Name',
    { value: offer?.name ?? '', maxlength: 200, required: true, placeholder: 'Autumn, back to the shop' },
    { testid: 'offer-name', hint: 'For you; customers do not see it.' },
  );
  const label = textField(
    'What customers read',
    { value: offer?.label ?? '', maxlength: 500, placeholder: 'made from what it gives: “10 % off”' },
    { testid: 'offer-label' },
  );
  const store = selectField(
    'Whose offer',
    isShop ? storeChoices : [['', `all of ${context.me.tenant.name}`], ...storeChoices],
    offer?.store_id ?? (isShop ? (storeChoices[0]?.[0] ?? '') : ''),
    { testid: 'offer-store', hint: offer ? 'Stays as it is; make another offer for another store.' : undefined },
  );
  store.input.disabled = Boolean(offer);
  const currency = textField(
    'Currency',
    {
      value: offer?.currency ?? currencies[0] ?? 'CHF',
      maxlength: 3,
      list: 'offer-currencies',
      disabled: Boolean(offer),
    },
    { testid: 'offer-currency' },
  );
  const inCurrency = () => currency.input.value.trim().toUpperCase();
  const gives = benefitFields({ offer, currency: inCurrency, signal });

  const names = offer ? productNames(offer) : new Map();
  const products = productsField('Products', {
    chosen: (offer?.targets.product_ids ?? []).map((/** @type {string} */ id) => ({
      id,
      name: names.get(id) ?? 'gone',
    })),
    most: 200,
    testid: 'offer-products',
    signal,
  });
  const commaList = (/** @type {string} */ text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean);
  const categories = textField(
    'Categories',
    { value: offer?.targets.categories.join(', ') ?? '', placeholder: 'Toys > Trains, Books' },
    { testid: 'offer-categories', hint: 'With all below them; commas between.' },
  );
  const brands = textField('Brands', { value: offer?.targets.brands.join(', ') ?? '' }, { testid: 'offer-brands' });

  const least = textField(
    'From a cart of',
    { inputmode: 'decimal', value: typed(at.min_basket_minor, inCurrency()), placeholder: 'any' },
    { testid: 'offer-least' },
  );
  const first = checkField('Only a first order', at.first_order ?? false, { testid: 'offer-first' });
  const once = checkField('Each customer once', at.once_per_person ?? false, { testid: 'offer-once' });
  const code = checkField('Only with a code', at.with_code ?? false, {
    testid: 'offer-code',
    hint: 'Campaigns give each customer a code of their own; others can be printed.',
  });
  const channels = chips('Where', CHANNELS, at.channels ?? [], {
    testid: 'offer-channel',
    hint: 'None chosen: anywhere.',
  });
  const hasStoreChips = storeChoices.length > 1 && storeChoices.length <= MOST_STORE_CHIPS;
  const only = chips('Only at', storeChoices, at.store_ids ?? [], {
    testid: 'offer-only',
    hint: 'None chosen: every store.',
  });
  const days = dayChips(at.days ?? [], 'offer-day');
  const start = textField('From', { type: 'time', value: at.hours?.start ?? '' }, { testid: 'offer-start' });
  const end = textField(
    'Until',
    { type: 'time', value: at.hours?.end ?? '' },
    { testid: 'offer-end', hint: 'Local time of the store.' },
  );
  const from = textField(
    'Begins',
    { type: 'datetime-local', value: toLocalField(offer?.valid_from) },
    { testid: 'offer-from' },
  );
  const to = textField(
    'Ends',
    { type: 'datetime-local', value: toLocalField(offer?.valid_to) },
    { testid: 'offer-to', hint: `Time of ${context.me.tenant.timezone}.` },
  );
  const group = selectField('Combines with other offers', groupsOf(offer), offer ? (offer.group ?? '') : 'main', {
    testid: 'offer-group',
  });

  const budget = offer?.budgets.find((/** @type {any} */ one) => one.store_id === null);
  const most = textField(
    'One use costs at most',
    { inputmode: 'decimal', value: typed(offer?.max_discount_minor, inCurrency()), placeholder: 'no cap' },
    { testid: 'offer-most' },
  );
  const money = textField(
    'All together at most',
    { inputmode: 'decimal', value: typed(budget?.amount_minor, inCurrency()), placeholder: 'no limit' },
    { testid: 'offer-budget' },
  );
  const uses = textField(
    'Used at most so often',
    { type: 'number', min: 1, value: budget?.uses ?? '', placeholder: 'no limit' },
    { testid: 'offer-uses' },
  );
  const floor = textField(
    'Least margin, percent',
    { type: 'number', min: 0, max: 95, value: offer?.margin_floor_percent ?? '', placeholder: 'that of the programme' },
    { testid: 'offer-floor', hint: 'No line is sold below it; the offer then gives less.' },
  );
  const funder = selectField(
    'Who pays',
    isShop
      ? [['store', 'the store']]
      : [
          ['tenant', context.me.tenant.name],
          ['store', 'the store that sells'],
        ],
    offer?.funded_by ?? (isShop ? 'store' : 'tenant'),
    { testid: 'offer-funder' },
  );
  const shopsLimits = offer?.budgets.filter((/** @type {any} */ one) => one.store_id !== null).length ?? 0;

  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h(
    'button',
    { type: 'submit', class: 'button button-primary', 'data-testid': 'offer-save' },
    offer ? 'Save' : 'Save as a draft',
  );
  const abandon = newKey();

  const minor = (/** @type {{input: {value: string}}} */ field) => minorOf(field.input.value, inCurrency());
  function body() {
    const amount = minor(money);
    const limit = numberIn(uses.input);
    const span = start.input.value || end.input.value;
    return {
      name: name.input.value.trim(),
      label: label.input.value.trim() || null,
      benefit: gives.benefit(),
      tiers: gives.tiers(),
      targets: {
        product_ids: products.ids(),
        categories: commaList(categories.input.value),
        brands: commaList(brands.input.value),
      },
      conditions: {
        first_order: first.box.checked,
        once_per_person: once.box.checked,
        with_code: code.box.checked,
        min_basket_minor: minor(least),
        store_ids: hasStoreChips ? only.values() : (at.store_ids ?? []),
        channels: channels.values(),
        days: days.values(),
        hours: span ? { start: start.input.value || '00:00', end: end.input.value || '24:00' } : null,
      },
      group: group.input.value || null,
      margin_floor_percent: numberIn(floor.input),
      max_discount_minor: minor(most),
      budget: amount === null && limit === null ? null : { amount_minor: amount, uses: limit },
      funded_by: funder.input.value,
      valid_from: fromLocalField(from.input.value),
      valid_to: fromLocalField(to.input.value),
    };
  }

  const amounts = [least, most, money];
  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    clear();
    const wrong = amounts.find((field) => Number.isNaN(minor(field)));
    if (wrong) {
      wrong.setError('Not an amount; write it as 12.50.');
      return wrong.input.focus();
    }
    save.disabled = true;
    try {
      if (offer) {
        await call('PATCH', `/v1/offers/${offer.id}`, { body: body(), etag: `"v${offer.version}"` });
        context.toast(`“${name.input.value.trim()}” is saved.`);
        context.navigate(back);
      } else {
        const whole = { ...body(), store_id: store.input.value || null, currency: inCurrency() };
        const { data } = await call('POST', '/v1/offers', { body: whole, once: abandon });
        context.toast(`“${data.name}” is saved. Try it, then switch it on.`);
        context.navigate(`/offers?id=${data.id}`);
      }
    } catch (failure) {
      save.disabled = false;
      complain(failure);
    }
  }

  /** @type {[string, {setError: (text: string | null) => void, input?: HTMLElement}][]} */
  const fields = [
    ['name', name],
    ['label', label],
    ['currency', currency],
    ['store_id', store],
    ['targets/product_ids', products],
    ['targets/categories', categories],
    ['targets/brands', brands],
    ['conditions/min_basket_minor', least],
    ['conditions/hours', end],
    ['conditions/store_ids', only],
    ['valid_to', to],
    ['valid_from', from],
    ['max_discount_minor', most],
    ['budget', money],
    ['margin_floor_percent', floor],
    ['funded_by', funder],
  ];

  function clear() {
    [...fields.map(([, field]) => field), ...Object.values(gives.fields)].forEach((field) => field.setError(null));
    error.hidden = true;
  }

  /** @param {unknown} failure */
  function complain(failure) {
    const found = failure instanceof ApiError ? failure.errors : [];
    for (const { pointer = '', detail } of found) {
      const path = pointer.replace(/^#\//, '');
      const last = path.split('/').at(-1) ?? '';
      const field = path.startsWith('benefit')
        ? gives.fields[last]
        : fields.find(([start]) => path.startsWith(start))?.[1];
      if (!field) continue;
      field.setError(detail);
      return field.input?.focus();
    }
    fill(error, explain(failure));
    error.hidden = false;
    error.scrollIntoView({ block: 'nearest' });
  }

  return h(
    'div',
    { class: 'stack' },
    h('a', { class: 'back-link', href: back }, icon('back', 16), offer?.name ?? 'Offers'),
    h('header', { class: 'page-head' }, h('h1', null, offer ? `Edit ${offer.name}` : 'New offer')),
    h(
      'form',
      { class: 'card offer-form', novalidate: true, 'data-testid': 'offer-form', on: { submit: send } },
      part('What it gives', h('div', { class: 'field-pair' }, name.node, label.node), gives.node),
      part(
        'On what',
        h('p', { class: 'field-hint' }, 'Nothing named means everything in the cart.'),
        products.node,
        h('div', { class: 'field-pair' }, categories.node, brands.node),
      ),
      part(
        'When and for whom',
        h('div', { class: 'field-trio' }, least.node, from.node, to.node),
        h('div', { class: 'check-row' }, first.node, once.node, code.node),
        h('div', { class: 'field-pair' }, days.node, h('div', { class: 'field-pair' }, start.node, end.node)),
        channels.node,
        hasStoreChips && only.node,
      ),
      part(
        'What it may cost',
        h('div', { class: 'field-trio' }, most.node, money.node, uses.node),
        h('div', { class: 'field-trio' }, floor.node, funder.node, group.node),
        h('div', { class: 'field-pair' }, store.node, currency.node),
        shopsLimits > 0 &&
          h(
            'p',
            { class: 'quiet' },
            `${shopsLimits} ${shopsLimits === 1 ? 'store has' : 'stores have'} a limit of their own; it stays.`,
          ),
        h(
          'datalist',
          { id: 'offer-currencies' },
          currencies.map((one) => h('option', { value: one })),
        ),
      ),
      error,
      h(
        'div',
        { class: 'page-tools' },
        save,
        h('a', { class: 'button button-quiet', href: back, 'data-testid': 'offer-cancel' }, 'Cancel'),
      ),
    ),
  );
}

/** @param {string} legend @param {...import('../../ui/dom.js').Child} children */
const part = (legend, ...children) => h('fieldset', { class: 'bare-group' }, h('legend', null, legend), children);

/** The groups to choose from; one of its own, set over the API, stays. @param {Offer | null} offer @returns {[string, string][]} */
function groupsOf(offer) {
  const own = offer?.group;
  return own && own !== 'main' ? [...COMBINES, [own, `no, of the group “${own}” the best one holds`]] : COMBINES;
}
