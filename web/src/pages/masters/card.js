/** One master: what runs where, the next step of its roll-out, its versions and its stores. */
import { call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { numberIn, textField } from '../../ui/fields.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, pill, toast } from '../../ui/widgets.js';
import { PICTURES } from '../recipes/words.js';
import { standingBar } from './bar.js';
import { storeList } from './stores.js';
import { standing, storesText } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Master} from '../../types_marketplace' */
/** @import {Recipe} from '../recipes/words.js' */

const POLL_MS = 2000;
const TRIAL_PERCENT = 5;

/**
 * @param {{master: Master, recipes: Recipe[], stores: Store[], context: Context, mayEdit: boolean, signal: AbortSignal,
 *   edit: (master: Master) => void, reload: () => void}} options
 */
export function masterCard({ master, recipes, stores, context, mayEdit, signal, edit, reload }) {
  let now = master;
  let timer = 0;
  const recipe = /** @type {Recipe} */ (recipes.find((one) => one.recipe === master.recipe));
  const state = h('span', { 'data-testid': `master-state-${master.id}` });
  const bar = h('div', null);
  const steps = h('div', { class: 'master-steps' });
  const versions = h('div', null);
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const list = storeList({ master, recipe, stores, context, mayEdit, signal, onChange: refresh });
  const node = h(
    'article',
    { class: 'card master', 'data-testid': `master-${master.id}`, 'aria-labelledby': `master-name-${master.id}` },
    h(
      'header',
      { class: 'recipe-head' },
      h('span', { class: 'recipe-picture', 'aria-hidden': 'true' }, icon(PICTURES[master.recipe] ?? 'recipes', 30)),
      h(
        'div',
        null,
        h('h2', { id: `master-name-${master.id}`, class: 'breaks' }, master.name),
        h('p', { class: 'quiet' }, recipe.name, ' ', state),
      ),
    ),
    bar,
    steps,
    error,
    list.node,
    h('details', { class: 'recipe-more' }, h('summary', null, 'Versions'), versions),
  );
  signal.addEventListener('abort', () => window.clearTimeout(timer));
  show();
  return node;

  function show() {
    const { text, tone } = standing(now);
    fill(state, pill(text, tone));
    fill(bar, standingBar(now));
    fill(steps, mayEdit && buttons());
    fill(versions, versionList());
    window.clearTimeout(timer);
    if (now.due > 0) timer = window.setTimeout(refresh, POLL_MS);
  }

  async function refresh() {
    try {
      now = await get(`/v1/masters/${master.id}`, {}, signal);
      show();
      list.refresh(now);
    } catch (problem) {
      if (!signal.aborted) complain(problem);
    }
  }

  function buttons() {
    const { latest, everyone, trial, before } = now;
    const next = trial ?? (latest === everyone ? null : latest);
    const running = trial ?? everyone;
    return [
      now.stores === 0 && h('p', { class: 'quiet' }, 'Add stores, then try it on a few of them.'),
      now.stores > 0 &&
        next !== null &&
        trial === null &&
        button(`Try version ${next} on ${TRIAL_PERCENT} %`, 'try', 'primary', () => roll(next, TRIAL_PERCENT)),
      trial !== null && button('Try it on more', 'more', '', more),
      now.stores > 0 &&
        next !== null &&
        button(`Roll out version ${next} to all`, 'all', trial ? 'primary' : '', () => toAll(next)),
      running !== null &&
        (trial !== null || before !== null) &&
        button(`Take version ${running} back`, 'back', 'danger', () =>
          act('take-back', { version: running }, `Version ${running} is being taken back.`),
        ),
      running !== null && button('Stop in all stores', 'stop', '', stop),
      button('New version', 'edit', '', () => edit(now)),
      now.problems > 0 &&
        button('Try again where something was in the way', 'again', '', () => act('try-again', {}, 'Looking again.')),
      now.stores === 0 && button('Delete', 'delete', '', () => act('', null, `${master.name} is deleted.`)),
    ];
  }

  /** @param {string} words @param {string} name @param {string} tone @param {() => void} click */
  function button(words, name, tone, click) {
    return h(
      'button',
      { type: 'button', class: `button ${tone && `button-${tone}`}`, 'data-testid': `master-${name}`, on: { click } },
      words,
    );
  }

  /** @param {number} version @param {number} percent */
  function roll(version, percent) {
    const where = percent === 100 ? 'all stores' : `${percent} % of the stores`;
    act('roll-out', { version, percent }, `Version ${version} goes to ${where}.`);
  }

  async function more() {
    const share = textField('Of a hundred stores', { type: 'number', min: now.percent, max: 99, value: 25 });
    const answer = await ask({
      title: `Try version ${now.trial} on more stores`,
      body: h('div', null, h('p', null, 'The stores that try it already go on.'), share.node),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Try it', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (answer)
      roll(/** @type {number} */ (now.trial), Math.min(99, Math.max(1, numberIn(share.input) ?? now.percent)));
  }

  /** @param {number} version */
  async function toAll(version) {
    const answer = await ask({
      title: `Roll out version ${version} to ${storesText(now.stores - now.opted_out)}?`,
      body: h(
        'p',
        null,
        'Words that a store has edited stay; a campaign that its owner has paused stays paused. You can take it back with one click.',
      ),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Roll out', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (answer) roll(version, 100);
  }

  async function stop() {
    const answer = await ask({
      title: `Stop ${master.name} in all stores?`,
      body: h('p', null, 'Nothing more goes out. Codes that people have stay good.'),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Stop', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (answer) act('stop', {}, `${master.name} is being stopped.`);
  }

  /** @param {string} verb '': delete it @param {any} body @param {string} words */
  async function act(verb, body, words) {
    complain(null);
    try {
      if (verb) await post(`/v1/masters/${master.id}/${verb}`, body);
      else await call('DELETE', `/v1/masters/${master.id}`);
      toast(words);
      if (verb) await refresh();
      else reload();
    } catch (problem) {
      complain(problem);
    }
  }

  /** @param {unknown} problem */
  function complain(problem) {
    error.hidden = !problem;
    fill(error, problem ? explain(problem) : '');
  }

  function versionList() {
    return h(
      'ol',
      { class: 'master-versions', reversed: true },
      now.versions.map((one) =>
        h(
          'li',
          { value: one.version },
          h('strong', null, `Version ${one.version}`),
          ` ${moment(one.made_at)} · ${storesText(one.stores)}`,
          one.note && h('p', { class: 'breaks' }, one.note),
          mayEdit &&
            one.version !== now.everyone &&
            one.version !== now.trial &&
            now.stores > 0 &&
            h(
              'button',
              { type: 'button', class: 'button button-small', on: { click: () => roll(one.version, TRIAL_PERCENT) } },
              `Try it on ${TRIAL_PERCENT} %`,
            ),
        ),
      ),
    );
  }
}
