/** One recipe: what it does, whom it reaches, what it costs, what stands in its way, its settings, and one switch. */
import { ApiError, call, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { announce, explain, failure, pill, toast } from '../../ui/widgets.js';
import { settingsForm } from './settings.js';
import { costTexts, peopleText, PICTURES, stateOf } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Item} from './settings.js' */
/** @import {Block, Launch, Preview, Recipe} from './words.js' */

const RUNS = ['on', 'in_review'];
const FEW = 6; // launches that are shown at once: a marketplace has hundreds

/**
 * @param {{recipe: Recipe, context: Context, stores: Store[], items: Item[], mayEdit: boolean, signal: AbortSignal,
 *   reload: () => Promise<Recipe | null>}} options
 */
export function recipeCard({ recipe, context, stores, items, mayEdit, signal, reload }) {
  const key = recipe.recipe;
  let now = recipe;
  let currency = '';
  let asked = 0;
  const state = h('span', { 'data-testid': `state-${key}` });
  const told = h('div', { class: 'recipe-told', 'data-testid': `told-${key}`, 'aria-live': 'polite' });
  const links = h('div', { class: 'recipe-links' });
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const toggle = h('button', {
    type: 'button',
    role: 'switch',
    class: 'button',
    'data-testid': `switch-${key}`,
    on: { click: () => (runs() ? stop(null) : launch()) },
  });
  const save = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': `save-${key}`, on: { click: launch } },
    'Save the settings',
  );
  const why = h('p', { class: 'recipe-why', id: `why-${key}`, 'data-testid': `why-${key}`, hidden: true });
  /** @type {Block[]} */
  let stopping = [];
  let isBusy = false;
  const form = settingsForm({
    recipe,
    set: recipe.launches[0]?.settings ?? {},
    context,
    stores,
    items,
    currency: () => currency,
    onChange: preview,
  });
  const node = h(
    'article',
    { class: 'card recipe', 'data-testid': `recipe-${key}`, 'aria-labelledby': `name-${key}` },
    h(
      'header',
      { class: 'recipe-head' },
      h(
        'span',
        { class: `recipe-picture recipe-${key}`, 'aria-hidden': 'true' },
        icon(PICTURES[key] ?? 'campaigns', 30),
      ),
      h('div', null, h('h2', { id: `name-${key}` }, recipe.name), state),
    ),
    h('p', null, recipe.about),
    mayEdit && told,
    mayEdit &&
      h(
        'details',
        { class: 'recipe-more' },
        h('summary', { 'data-testid': `settings-${key}` }, 'Settings'),
        form.node,
        save,
      ),
    error,
    links,
    mayEdit && h('div', { class: 'recipe-switch' }, toggle, why),
  );
  show(recipe);
  if (mayEdit) preview();
  return node;

  function runs() {
    return RUNS.includes(now.state);
  }

  /** @param {Recipe} next */
  function show(next) {
    now = next;
    const { text, tone } = stateOf(now.state);
    fill(state, pill(text, tone));
    fill(toggle, runs() ? 'Stop' : 'Switch on');
    toggle.setAttribute('aria-checked', String(runs()));
    toggle.setAttribute('aria-label', `${runs() ? 'Stop' : 'Switch on'}: ${now.name}`);
    toggle.className = runs() ? 'button button-danger' : 'button button-primary';
    save.hidden = !runs();
    enable();
    const made = now.launches.filter(({ campaign_id: id }) => id).map(launched);
    const rest = made.slice(FEW);
    fill(
      links,
      made.slice(0, FEW),
      rest.length > 0 &&
        h('details', { class: 'recipe-more' }, h('summary', null, `${number(rest.length)} more stores`), rest),
    );
  }

  /** What stops it keeps it from being switched on or changed, and says so beside the button; it can always be stopped. */
  function enable() {
    const isStopped = stopping.length > 0;
    toggle.disabled = isBusy || (isStopped && !runs());
    save.disabled = isBusy || isStopped;
    why.hidden = !isStopped;
    fill(why, stopping.map(({ text }) => text).join(' '));
    if (isStopped) toggle.setAttribute('aria-describedby', why.id);
    else toggle.removeAttribute('aria-describedby');
  }

  /** @param {Launch} launch */
  function launched(launch) {
    const place = stores.find(({ id }) => id === launch.store_id)?.properties.name;
    const item = items.find(({ id }) => id === launch.content_id)?.title;
    const { text, tone } = stateOf(launch.state);
    const many = now.launches.length > 1;
    return h(
      'p',
      { class: 'recipe-launch', 'data-testid': `launch-${key}` },
      (place || item) && h('span', { class: 'breaks' }, item ?? place),
      many && pill(text, tone),
      h('a', { href: `/campaigns?id=${launch.campaign_id}`, 'data-testid': `campaign-${key}` }, 'Its campaign'),
      h('a', { href: `/proof?id=${launch.campaign_id}`, 'data-testid': `proof-${key}` }, 'What it brought'),
      many &&
        mayEdit &&
        RUNS.includes(launch.state) &&
        h(
          'button',
          { type: 'button', class: 'button button-small', on: { click: () => stop(launch.id) } },
          'Stop this one',
        ),
    );
  }

  async function preview() {
    const mine = ++asked;
    complain(null);
    told.setAttribute('aria-busy', 'true');
    if (!told.hasChildNodes()) fill(told, h('p', { class: 'quiet', 'data-testid': 'loading' }, 'Counting people…'));
    try {
      const { data } = await call('POST', `/v1/recipes/${key}/preview`, { body: form.values(), signal });
      const found = /** @type {Preview} */ (data);
      if (mine !== asked) return;
      currency = found.cost.currency ?? '';
      fill(told, numbers(found), inItsWay(found), sentences(found));
      stopping = found.blocked_by.filter((block) => block.stops);
      enable();
    } catch (problem) {
      if (signal.aborted || mine !== asked) return;
      if (!complain(problem)) fill(told, failure(problem, preview));
    } finally {
      told.removeAttribute('aria-busy');
    }
  }

  /** @param {Preview} found */
  function numbers(found) {
    const people = peopleText(found);
    const cost = costTexts(found);
    return h(
      'dl',
      { class: 'recipe-numbers' },
      h(
        'div',
        { 'data-testid': `people-${key}` },
        h('dt', null, 'People'),
        h('dd', null, h('strong', null, people.many), h('span', { class: 'quiet' }, people.rest)),
      ),
      h(
        'div',
        { 'data-testid': `cost-${key}` },
        h('dt', null, 'Cost'),
        h('dd', null, h('strong', null, cost.much), h('span', { class: 'quiet' }, cost.rest)),
      ),
    );
  }

  /** @param {Preview} found */
  function inItsWay({ blocked_by: blocks }) {
    return h(
      'div',
      { 'data-testid': `blocked-${key}` },
      h('h3', null, 'Blocked by'),
      blocks.length
        ? h(
            'ul',
            { class: 'recipe-blocks' },
            blocks.map((block) =>
              h(
                'li',
                { class: block.stops ? 'recipe-stops' : '' },
                icon(block.stops ? 'stop' : 'warning', 18),
                h('span', null, block.text, ' ', h('a', { href: block.link }, block.stops ? 'Mend it' : 'Look at it')),
              ),
            ),
          )
        : h('p', { class: 'quiet' }, 'Nothing.'),
    );
  }

  /** @param {Preview} found */
  function sentences({ says }) {
    if (says.length === 0) return null;
    return h(
      'details',
      { class: 'recipe-more' },
      h('summary', null, 'What it does, step by step'),
      h(
        'ol',
        { class: 'recipe-says' },
        says.map((line) => h('li', { class: 'breaks' }, line)),
      ),
    );
  }

  /** Shows what is wrong, under the fields where it belongs to one. @param {unknown} problem null: nothing is */
  function complain(problem) {
    const under = problem instanceof ApiError && form.complain(problem.errors);
    if (!problem) form.complain([]);
    error.hidden = !problem || under;
    fill(error, problem && !under ? explain(problem) : '');
    if (under) /** @type {HTMLDetailsElement} */ (node.querySelector('details:has(.recipe-fields)')).open = true;
    return problem instanceof ApiError && problem.code === 'invalid-request';
  }

  async function launch() {
    await act(async () => {
      const made = /** @type {Launch} */ (await post(`/v1/recipes/${key}/launch`, form.values()));
      toast(made.state === 'in_review' ? `${now.name} waits for approval.` : `${now.name} is on.`);
    });
  }

  /** @param {string | null} id */
  async function stop(id) {
    await act(async () => {
      await post(`/v1/recipes/${key}/stop`, { launch_id: id });
      announce(`${now.name} is stopped.`);
      toast(`${now.name} is stopped: nothing more goes out.`);
    });
  }

  /** @param {() => Promise<void>} what */
  async function act(what) {
    isBusy = true;
    enable();
    complain(null);
    try {
      await what();
      const next = await reload();
      if (next) show(next);
    } catch (problem) {
      complain(problem);
    } finally {
      isBusy = false;
      enable();
    }
  }
}
