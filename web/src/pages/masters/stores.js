/** The stores of a master: what each runs, its own values, and going without. */
import { call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { chips } from '../../ui/fields.js';
import { ask, explain, pill, toast } from '../../ui/widgets.js';
import { settingsForm } from '../recipes/settings.js';
import { storeState, storesText } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Master, MasterStore} from '../../types_marketplace' */
/** @import {Recipe} from '../recipes/words.js' */

/**
 * @param {{master: Master, recipe: Recipe, stores: Store[], context: Context, mayEdit: boolean, signal: AbortSignal,
 *   onChange: () => void}} options
 */
export function storeList({ master, recipe, stores, context, mayEdit, signal, onChange }) {
  let now = master;
  /** @type {string | null} */
  let next = null;
  const own = { ...recipe, parameters: recipe.parameters.filter(({ name }) => master.own_settings.includes(name)) };
  const rows = h('div', { class: 'master-stores', 'data-testid': `stores-${master.id}` });
  const summary = h('summary', { 'data-testid': `show-stores-${master.id}` });
  const more = h(
    'button',
    { type: 'button', class: 'button button-small', hidden: true, on: { click: () => load(true) } },
    'More stores',
  );
  const add = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'add-stores', on: { click: addStores } },
    'Add stores',
  );
  const node = h(
    'details',
    { class: 'recipe-more', on: { toggle: () => node.open && load(false) } },
    summary,
    mayEdit && add,
    rows,
    more,
  );
  fill(summary, words());
  return { node, refresh };

  function words() {
    return `${storesText(now.stores)}${now.problems ? `, ${now.problems} with a problem` : ''}`;
  }

  /** @param {Master} found */
  function refresh(found) {
    now = found;
    fill(summary, words());
    if (node.open) load(false);
  }

  /** @param {boolean} onwards */
  async function load(onwards) {
    try {
      const page = await get(`/v1/masters/${master.id}/stores`, onwards ? { after: next } : {}, signal);
      const found = page.items.map(row);
      if (onwards) rows.append(...found);
      else fill(rows, found);
      next = page.next;
      more.hidden = next === null;
    } catch (problem) {
      if (!signal.aborted) fill(rows, h('p', { class: 'form-error', role: 'alert' }, explain(problem)));
    }
  }

  /** @param {MasterStore} store */
  function row(store) {
    const { text, tone } = storeState(store);
    const isOut = store.opted_out_at !== null;
    return h(
      'div',
      { class: 'master-store', 'data-testid': `store-${store.store_id}` },
      h('span', { class: 'breaks' }, store.name),
      pill(text, tone),
      store.problem && h('p', { class: 'recipe-stops breaks' }, store.problem),
      h(
        'span',
        { class: 'master-store-acts' },
        small('Own values', () => ownValues(store)),
        small(isOut ? 'Take it again' : 'Go without', () => change(store, { opted_out: !isOut })),
        mayEdit && small('Take out', () => takeOut(store)),
      ),
    );
  }

  /** @param {string} label @param {() => void} click */
  function small(label, click) {
    return h('button', { type: 'button', class: 'button button-small', on: { click } }, label);
  }

  /** @param {MasterStore} store @param {Record<string, any>} body */
  async function change(store, body) {
    try {
      await call('PATCH', `/v1/masters/${master.id}/stores/${store.store_id}`, { body });
      onChange();
    } catch (problem) {
      toast(explain(problem), { tone: 'bad' });
    }
  }

  /** @param {MasterStore} store */
  async function ownValues(store) {
    const set = {
      ...now.versions.find(({ version }) => version === (store.wanted ?? now.latest))?.settings,
      ...store.own,
    };
    const form = settingsForm({
      recipe: own,
      set,
      context,
      stores: [],
      items: [],
      currency: () => store.currency ?? '',
      onChange: () => {},
    });
    const answer = await ask({
      title: `${store.name}: own values`,
      body: h(
        'div',
        null,
        h('p', { class: 'quiet' }, 'What is as the master has it follows the master; what differs is the store’s own.'),
        form.node,
      ),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Take the master’s words', value: 'words' },
        { label: 'Save', value: 'save', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (answer === 'words') change(store, { masters_words: true });
    if (answer === 'save') change(store, { own: differing(form.values(), store) });
  }

  /** Only what is not as the master has it. @param {Record<string, any>} values @param {MasterStore} store */
  function differing(values, store) {
    const settings = now.versions.find(({ version }) => version === (store.wanted ?? now.latest))?.settings ?? {};
    const usual = Object.fromEntries(own.parameters.map(({ name, default: value }) => [name, settings[name] ?? value]));
    return Object.fromEntries(
      Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(usual[name])),
    );
  }

  /** @param {MasterStore} store */
  async function takeOut(store) {
    const answer = await ask({
      title: `Take ${store.name} out?`,
      body: h('p', null, 'What it runs of this recipe is stopped. It can be added again.'),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Take out', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('DELETE', `/v1/masters/${master.id}/stores/${store.store_id}`);
      onChange();
    } catch (problem) {
      toast(explain(problem), { tone: 'bad' });
    }
  }

  async function addStores() {
    const choice = chips(
      'Stores',
      stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name])),
      [],
      { hint: 'None chosen means all stores that are there now.', testid: 'choose-stores' },
    );
    const answer = await ask({
      title: 'Add stores',
      body: choice.node,
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Add', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    const chosen = choice.values();
    try {
      const made = await post(`/v1/masters/${master.id}/stores`, { store_ids: chosen.length ? chosen : null });
      const elsewhere = made.elsewhere.length
        ? ` ${storesText(made.elsewhere.length)} ${made.elsewhere.length === 1 ? 'takes' : 'take'} this recipe from another master.`
        : '';
      toast(`${storesText(made.added)} added.${elsewhere}`);
      node.open = true;
      onChange();
    } catch (problem) {
      toast(explain(problem), { tone: 'bad' });
    }
  }
}
