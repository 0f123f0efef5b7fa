/** The page "Recipes": campaigns that are switched on as a whole, one card each. */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { recipeCard } from './card.js';

/** @import {Item} from './settings.js' */
/** @import {Recipe} from './words.js' */

/** @type {import('../../types').Page} */
export function recipesPage(root, context) {
  const abort = new AbortController();
  const { signal } = abort;
  const mayEdit = may(context.me, 'offers');
  const body = h('div', null);
  fill(
    root,
    h(
      'div',
      { class: 'page' },
      h('header', { class: 'page-head' }, h('h1', null, 'Recipes')),
      h(
        'p',
        { class: 'quiet' },
        'Campaigns that are ready: look at the people, the cost and what stands in the way, and switch one on. It is then a campaign like any other, with its offer, its people and its proof.',
      ),
      body,
    ),
  );
  const recipes = async () => /** @type {Recipe[]} */ ((await get('/v1/recipes', {}, signal)).items);
  whileLoading(
    body,
    () =>
      Promise.all([
        recipes(),
        getAll('/v1/stores', {}, signal),
        mayEdit ? published(signal) : /** @type {Item[]} */ ([]),
      ]),
    ([found, stores, items]) =>
      found.length === 0
        ? empty('No recipe', 'This server has none.')
        : h(
            'div',
            { class: 'recipes', 'data-testid': 'recipe-list' },
            found.map((recipe) => {
              const reload = async () => (await recipes()).find((one) => one.recipe === recipe.recipe) ?? null;
              return recipeCard({ recipe, context, stores, items, mayEdit, signal, reload });
            }),
          ),
  );
  return () => abort.abort();
}

/** What may be spoken of: published, not over, and no notice. @param {AbortSignal} signal @returns {Promise<Item[]>} */
async function published(signal) {
  const items = await getAll('/v1/content', { status: 'published' }, signal);
  return items
    .filter((/** @type {any} */ one) => one.kind !== 'notice' && !(one.ends_at && Date.parse(one.ends_at) < Date.now()))
    .map((/** @type {any} */ one) => ({ id: one.id, title: one.title }));
}
