/**
 * The page "Products": the catalogue with picture, price and how many each store has. The address holds the filters.
 */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { number } from '../../ui/format.js';
import { picture } from '../../ui/picture.js';
import { empty, explain, failure, loading, pill } from '../../ui/widgets.js';
import { commercePage, filterForm } from '../commerce.js';
import { priceText, stockText } from './words.js';

/** @import {Product} from '../../types' */

const PAGE = 50;

export const productsPage = commercePage('Products', list);

/** @param {import('../commerce.js').Opened} opened */
function list({ context, query, stores, signal }) {
  const names = new Map(stores.map((store) => [store.id, store.properties.name]));
  const text = textField(
    'Name, brand, number',
    { type: 'search', value: query.get('q') ?? '', maxlength: 200 },
    { testid: 'product-query' },
  );
  const store = selectField(
    'In stock at',
    [
      ['', 'Any store, or none'],
      ...stores.map((one) => /** @type {[string, string]} */ ([one.id, one.properties.name])),
    ],
    query.get('store') ?? '',
    { testid: 'product-store' },
  );
  const rows = h('ul', { class: 'cards', 'data-testid': 'product-list' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);

  function apply() {
    context.navigate(`/products${queryString({ q: text.input.value.trim(), store: store.input.value })}`);
  }

  async function load() {
    fill(foot, loading());
    try {
      const asked = { q: query.get('q'), in_store: query.get('store'), limit: PAGE, cursor };
      const page = await get('/v1/products', asked, signal);
      cursor = page.next;
      rows.append(...page.items.map((/** @type {Product} */ one) => row(one, names, context.me.pictures_from ?? [])));
      fill(foot, rows.childElementCount ? cursor && more() : nothing());
    } catch (error) {
      if (signal.aborted) return;
      fill(foot, rows.childElementCount ? [h('p', { role: 'alert' }, explain(error)), more()] : failure(error, load));
    }
  }

  const nothing = () =>
    query.size
      ? empty('No such product', 'Change the filters above.')
      : empty('No product yet', 'The catalogue comes from shop systems, imports and the API.');
  const more = () =>
    h('button', { type: 'button', class: 'button', 'data-testid': 'more', on: { click: load } }, 'Show more');

  load();
  return [h('header', { class: 'page-head' }, h('h1', null, 'Products')), filterForm([text, store], apply), rows, foot];
}

/** @param {Product} product @param {Map<string, string>} stores @param {string[]} origins */
function row(product, stores, origins) {
  const { name, brand, category, status, variants } = product;
  const image = product.image_urls[0] ?? variants.find((one) => one.image_url)?.image_url ?? null;
  const stock = stockText(product, stores);
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'product-row' },
    picture({ name, image_url: image }, origins),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('strong', { class: 'breaks' }, name),
        status === 'archived' && pill('not sold any more'),
        h('span', { class: 'timeline-sum' }, priceText(variants)),
      ),
      h(
        'p',
        { class: 'quiet breaks' },
        [product.external_id, brand, category, variants.length > 1 && `${number(variants.length)} variants`]
          .filter(Boolean)
          .join(' · '),
      ),
      h('p', { class: 'breaks', 'data-testid': 'stock' }, stock),
    ),
  );
}
