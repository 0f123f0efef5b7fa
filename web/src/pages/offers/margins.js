/** Margins: what part of a price is left where no product's cost says so, and the floor that offers keep. */
import { call } from '../../api.js';
import { h } from '../../ui/dom.js';
import { numberIn, selectField, textField } from '../../ui/fields.js';
import { ask, explain } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';

/** @import {Context, Store} from '../../types' */
/** @typedef {{margin_percent: number | null, floor_percent: number | null, stores: {store_id: string, margin_percent: number | null}[]}} Margins */

/** @param {{context: Context, margins: Margins, stores: Store[], reload: () => void}} options */
export function marginsCard({ context, margins, stores, reload }) {
  const own = margins.stores.filter((one) => one.margin_percent !== null).length;
  const said = [
    margins.margin_percent === null
      ? 'No margin is known: profit and return on investment cannot be worked out for products without a cost.'
      : `Products without a cost are reckoned with a margin of ${margins.margin_percent} %.`,
    margins.floor_percent === null
      ? 'Offers keep no margin floor.'
      : `No offer sells a line with less than ${margins.floor_percent} % margin.`,
    own > 0 && `${own} ${own === 1 ? 'store has' : 'stores have'} a margin of its own.`,
  ];
  const isWhole = may(context.me, 'edit');
  return h(
    'section',
    { class: 'card', 'data-testid': 'margins' },
    h('h2', null, 'Margins'),
    h('p', null, said.filter(Boolean).join(' ')),
    may(context.me, 'offers') &&
      h(
        'div',
        { class: 'page-tools' },
        isWhole &&
          h(
            'button',
            { type: 'button', class: 'button', 'data-testid': 'margins-edit', on: { click: whole } },
            'Change…',
          ),
        stores.length > 0 &&
          h(
            'button',
            { type: 'button', class: 'button', 'data-testid': 'margins-store', on: { click: ofStore } },
            'Of a store…',
          ),
      ),
  );

  async function whole() {
    const margin = percent('Margin of products without a cost, percent', margins.margin_percent, 'margin');
    const floor = percent('Least margin that an offer leaves, percent', margins.floor_percent, 'floor');
    const body = [
      h('p', null, '(price − cost) ÷ price. Leave a field empty for “not known” and “no floor”.'),
      margin.node,
      floor.node,
    ];
    await put('Margins', body, '/v1/margins', () => ({
      margin_percent: numberIn(margin.input),
      floor_percent: numberIn(floor.input),
    }));
  }

  async function ofStore() {
    const known = new Map(margins.stores.map((one) => [one.store_id, one.margin_percent]));
    const store = selectField(
      'Store',
      stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name])),
      stores[0].id,
      { testid: 'margin-of' },
    );
    const margin = percent('Margin, percent', known.get(stores[0].id) ?? null, 'store-margin');
    store.input.addEventListener('change', () => (margin.input.value = String(known.get(store.input.value) ?? '')));
    const address = () => `/v1/margins/${store.input.value}`;
    await put('Margin of a store', [store.node, margin.node], address, () => ({
      margin_percent: numberIn(margin.input),
    }));
  }

  /** @param {string} title @param {import('../../ui/dom.js').Child} body @param {string | (() => string)} path @param {() => unknown} read */
  async function put(title, body, path, read) {
    const answer = await ask({
      title,
      testid: 'margins-dialog',
      body,
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Save', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('PUT', typeof path === 'string' ? path : path(), { body: read() });
      context.toast('Margins are saved.');
      reload();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }
}

/** @param {string} label @param {number | null} value @param {string} testid */
const percent = (label, value, testid) =>
  textField(label, { type: 'number', min: 0, max: 99, step: 1, value: value ?? '' }, { testid });
