/** The page "Masters": recipes that many stores take from one place, and how far each is rolled out. */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { masterCard } from './card.js';
import { editMaster } from './editor.js';

/** @import {Master} from '../../types_marketplace' */

/** @type {import('../../types').Page} */
export function mastersPage(root, context) {
  const abort = new AbortController();
  const { signal } = abort;
  const mayEdit = may(context.me, 'edit');
  const body = h('div', null);
  const add = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': 'new-master', on: { click: () => edit(null) } },
    'New master',
  );
  fill(
    root,
    h(
      'div',
      { class: 'page' },
      h('header', { class: 'page-head' }, h('h1', null, 'Master recipes'), mayEdit && add),
      h(
        'p',
        { class: 'quiet' },
        mayEdit
          ? 'A recipe for many stores: words and timing come from here, discounts and categories may be the store’s own. Try a new version on a few stores first; one click takes it back.'
          : 'Recipes that your stores take from headquarters. Discounts and categories may be your own, and a store may go without.',
      ),
      body,
    ),
  );
  load();
  return () => abort.abort();

  function load() {
    whileLoading(
      body,
      () =>
        Promise.all([get('/v1/masters', {}, signal), get('/v1/recipes', {}, signal), getAll('/v1/stores', {}, signal)]),
      ([{ items }, { items: recipes }, stores]) =>
        items.length === 0
          ? empty(
              'No master recipe yet',
              mayEdit
                ? 'Make one, add stores to it, and roll it out: to a few of them first.'
                : 'As soon as your stores take a recipe from headquarters, it stands here.',
            )
          : h(
              'div',
              { class: 'masters', 'data-testid': 'master-list' },
              items.map((/** @type {Master} */ master) =>
                masterCard({ master, recipes, stores, context, mayEdit, signal, edit, reload: load }),
              ),
            ),
    );
  }

  /** @param {Master | null} master null: a new one */
  async function edit(master) {
    const { items: recipes } = await get('/v1/recipes', {}, signal);
    editMaster({ master, recipes, context, signal, onSaved: load });
  }
}
