/**
 * Behind the first screen: every metric over time, who comes back, the grid of recency and frequency, what customers are
 * worth, when and where they are, whom one can reach. What is shown stands in the address.
 */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { whileLoading } from '../../ui/widgets.js';
import { cohorts } from './cohorts.js';
import { reach } from './reach.js';
import { rfm } from './rfm.js';
import { trends } from './trends.js';
import { when } from './when.js';
import { worth } from './worth.js';

/** @import {Query} from '../../api.js' */
/** @import {Child} from '../../ui/dom.js' */
/**
 * What a view needs. `scope`: of whom; `query`: and which days, in which steps; `csvLink`: the same as a file.
 * @typedef {{scope: Query, query: Query, csvLink: (path: string, query: Query) => HTMLElement, signal: AbortSignal}} Asked
 */

/** @type {Record<string, [string, (asked: Asked) => Promise<Child>]>} */
const VIEWS = {
  trends: ['Trends', trends],
  cohorts: ['Coming back', cohorts],
  rfm: ['RFM grid', rfm],
  worth: ['Worth', worth],
  when: ['When and where', when],
  reach: ['Reach', reach],
};
/** @type {[string, string][]} */
const PERIODS = [
  ['year', 'Last 12 months'],
  ['two', 'Last 24 months'],
  ['weeks', 'Last 26 weeks'],
];

/** @type {import('../../types').Page} */
export function insightsPage(root, context) {
  const abort = new AbortController();
  const asked = new URLSearchParams(location.search);
  const view = VIEWS[asked.get('view') ?? ''] ? String(asked.get('view')) : 'trends';
  const period = asked.get('period') ?? 'year';
  const scope = scopeOf(asked.get('of') ?? '');
  const csvLink = (/** @type {string} */ path, /** @type {Query} */ query) =>
    h(
      'a',
      {
        class: 'link metric-csv',
        href: `${path}${queryString({ ...query, format: 'csv' })}`,
        download: '',
      },
      icon('download', 16),
      'As a file (CSV)',
    );
  const of = selectField('Of', [['', 'everything']], '', { testid: 'metrics-of' });
  const days = selectField('Days', PERIODS, period, { testid: 'metrics-period' });
  days.node.hidden = view !== 'trends';
  const body = h('div', { class: 'stack' });
  const go = () =>
    context.navigate(
      `/insights${queryString({ view, of: of.input.value, period: days.input.value === 'year' ? '' : days.input.value })}`,
    );
  of.input.addEventListener('change', go);
  days.input.addEventListener('change', go);
  fill(
    root,
    h(
      'div',
      { class: 'page metrics' },
      h(
        'header',
        { class: 'page-head' },
        h('h1', null, 'Insights'),
        h('div', { class: 'metrics-of' }, of.node, days.node),
      ),
      h(
        'nav',
        { class: 'segments metrics-views', 'aria-label': 'Views' },
        Object.entries(VIEWS).map(([name, [label]]) =>
          h(
            'a',
            {
              class: 'segment',
              href: `/insights${queryString({ view: name, of: asked.get('of'), period: asked.get('period') })}`,
              'aria-current': name === view ? 'page' : null,
              'data-testid': `view-${name}`,
            },
            label,
          ),
        ),
      ),
      body,
    ),
  );
  void listScopes(/** @type {HTMLSelectElement} */ (of.input), asked.get('of') ?? '', abort.signal);
  void whileLoading(
    body,
    () => VIEWS[view][1]({ scope, query: { ...scope, ...daysOf(period) }, csvLink, signal: abort.signal }),
    (found) => found,
  );
  return () => abort.abort();
}

/** `store:ID` as a member of a query. @param {string} of @returns {Query} */
function scopeOf(of) {
  const [kind, id] = of.split(':');
  return id && ['store', 'mall', 'segment'].includes(kind) ? { [`${kind}_id`]: id } : {};
}

/** Whole months or weeks up to the one that is running. @param {string} period @returns {Query} */
function daysOf(period) {
  const today = new Date();
  const first = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - (period === 'two' ? 23 : 11), 1));
  if (period !== 'weeks') return { from: first.toISOString().slice(0, 10), step: 'month' };
  const monday = today.getUTCDate() - ((today.getUTCDay() + 6) % 7) - 25 * 7;
  const start = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), monday));
  return { from: start.toISOString().slice(0, 10), step: 'week' };
}

/** Stores and segments to choose from; without the right to see them, everything is all there is. @param {HTMLSelectElement} select @param {string} chosen @param {AbortSignal} signal */
async function listScopes(select, chosen, signal) {
  const none = { items: [] };
  const read = (/** @type {string} */ path) => get(path, { limit: 200 }, signal).catch(() => none);
  const [stores, segments] = await Promise.all([read('/v1/stores'), read('/v1/segments')]);
  const groups = /** @type {[string, string, {id: string, name: string}[]][]} */ ([
    ['store', 'A store', stores.items.map((/** @type {any} */ s) => ({ id: s.id, name: s.properties.name }))],
    ['segment', 'A segment', segments.items],
  ]);
  for (const [kind, label, items] of groups) {
    if (!items.length) continue;
    select.append(
      h(
        'optgroup',
        { label },
        items.map(({ id, name }) => h('option', { value: `${kind}:${id}` }, name)),
      ),
    );
  }
  select.value = chosen;
}
