/** The list of stores: search, on streets or in malls, and for each its owner and how many zones it has. */
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, logo } from '../../ui/widgets.js';

/** @import {Store} from '../../types' */
/** @import {City} from './city.js' */

/** @type {[string, string][]} */
const PLACES = [
  ['', 'All stores'],
  ['street', 'On streets'],
  ['mall', 'In malls'],
];

/**
 * @param {{canEdit: boolean, onOpen: (store: Store) => void, onAdd: () => void, onImport: () => void, onFound: (stores: Store[]) => void}} options
 */
export function storeList({ canEdit, onOpen, onAdd, onImport, onFound }) {
  /** @type {City | null} */
  let city = null;
  const search = h('input', {
    type: 'search',
    placeholder: 'Name, address, owner',
    'aria-label': 'Find a store',
    'data-testid': 'store-search',
    on: { input: show },
  });
  const place = h(
    'select',
    { 'aria-label': 'Where', 'data-testid': 'store-place', on: { change: show } },
    PLACES.map(([value, words]) => h('option', { value }, words)),
  );
  const count = h('span', { class: 'count' });
  const list = h('ul', { class: 'store-list', 'data-testid': 'store-list' });
  const none = h('div', null);
  const add = () => action('Add a store', 'plus', 'add-store', onAdd);
  const load = () => action('Import CSV', 'upload', 'import-stores', onImport);
  const node = h(
    'section',
    { class: 'stores-side', 'aria-label': 'Stores' },
    h('div', { class: 'panel-head' }, h('h1', null, 'Stores', count)),
    canEdit && h('div', { class: 'tool-row stores-tools' }, add(), load()),
    h('div', { class: 'stores-filter' }, h('div', { class: 'search' }, icon('search', 18), search), place),
    list,
    none,
  );

  /** @returns {Store[]} */
  function found() {
    const text = search.value.trim().toLowerCase();
    return (city?.stores ?? []).filter((store) => {
      const { name, category, address, external_id, mall_id } = store.properties;
      if (place.value && (place.value === 'mall') !== Boolean(mall_id)) return false;
      const words = [name, category, address, external_id, city?.owner(store), city?.where(store)];
      return words.some((word) => word?.toLowerCase().includes(text));
    });
  }

  function show() {
    const stores = found();
    fill(count, number(stores.length));
    fill(list, stores.map(row));
    fill(none, stores.length === 0 && nothing());
    onFound(stores);
  }

  function nothing() {
    if (city?.stores.length)
      return empty(
        'No such store',
        'The search looks at names, addresses, categories and owners. Choose “All stores”, too.',
      );
    return empty(
      'No stores yet',
      canEdit
        ? 'Bring your list as a CSV file (your id, name, lon, lat), or add one by hand. Stores in malls come with the venue’s import on the map page.'
        : 'Somebody who may edit can import them here.',
      canEdit && [load(), add()],
    );
  }

  /** @param {Store} store */
  function row(store) {
    const { name, brand_color } = store.properties;
    const zones = city?.zonesOf(store.id).length ?? 0;
    const owner = city?.owner(store);
    return h(
      'li',
      null,
      h(
        'button',
        {
          type: 'button',
          class: 'store-row',
          'data-testid': 'store-row',
          'data-store': store.id,
          on: { click: () => onOpen(store) },
        },
        logo(name, brand_color),
        h(
          'span',
          { class: 'zone-text' },
          h('span', { class: 'zone-name' }, name),
          h('span', { class: 'zone-kind' }, [city?.where(store), owner].filter(Boolean).join(' · ')),
        ),
        h('span', { class: 'store-zones' }, zones === 1 ? '1 zone' : `${zones} zones`),
      ),
    );
  }

  return {
    node,
    /** @param {City} next */
    set(next) {
      city = next;
      show();
    },
    /** @param {string} id */
    focus: (id) => /** @type {HTMLElement | null} */ (list.querySelector(`[data-store="${id}"]`))?.focus(),
  };
}

/** @param {string} words @param {string} name @param {string} testid @param {() => void} click */
const action = (words, name, testid, click) =>
  h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': testid, on: { click } },
    icon(name, 16),
    words,
  );
