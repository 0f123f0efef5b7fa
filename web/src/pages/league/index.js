/**
 * The page "League": how stores compare in a month. A new store is no growth, so totals stand apart for the stores that
 * traded in both months. A shop sees itself, and where it stands among all. The address holds month and order.
 */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { money, number } from '../../ui/format.js';
import { empty, pill, whileLoading } from '../../ui/widgets.js';
import { filterForm } from '../commerce.js';
import { trendLine } from './trend.js';
import { monthText, percent } from './words.js';

/** @import {Context} from '../../types' */
/** @import {League, LeagueQuartiles, LeagueRow, LeagueTotal} from '../../types_marketplace' */
/** @typedef {{key: string, words: string, value: (row: LeagueRow) => number | string | null, show: (row: LeagueRow) => import('../../ui/dom.js').Child}} Column */

/** @type {Column[]} */
const COLUMNS = [
  { key: 'name', words: 'Store', value: (row) => row.name.toLowerCase(), show: nameCell },
  { key: 'customers', words: 'Customers', value: (row) => row.customers, show: (row) => number(row.customers) },
  { key: 'orders', words: 'Orders', value: (row) => row.orders, show: (row) => number(row.orders) },
  {
    key: 'revenue',
    words: 'Revenue',
    value: (row) => row.revenue_minor,
    show: (row) => money(row.revenue_minor, row.currency),
  },
  { key: 'retention', words: 'Came back', value: (row) => row.retention, show: (row) => percent(row.retention) },
  { key: 'growth', words: 'Growth', value: (row) => row.growth, show: (row) => percent(row.growth, true) },
];
/** @type {Record<string, string>} */
const MEASURES = {
  revenue_minor: 'Revenue',
  customers: 'Customers',
  orders: 'Orders',
  retention: 'Came back',
  growth: 'Growth',
};
const MONTHS = 12;

/** @type {import('../../types').Page} */
export function leaguePage(root, context, query) {
  const abort = new AbortController();
  const place = h('div', { class: 'page league' });
  fill(root, place);
  whileLoading(
    place,
    () => get('/v1/stores/league', { month: query.get('month') }, abort.signal),
    (/** @type {League} */ league) => content(league, context, query),
  );
  return () => abort.abort();
}

/** @param {League} league @param {Context} context @param {URLSearchParams} query */
function content(league, context, query) {
  const sort = COLUMNS.some(({ key }) => key === query.get('sort')) ? query.get('sort') : 'revenue';
  const month = selectField('Month', choices(league.month), league.month, { testid: 'league-month' });
  const order = selectField(
    'Order by',
    COLUMNS.map(({ key, words }) => /** @type {[string, string]} */ ([key, words])),
    String(sort),
    { testid: 'league-order' },
  );
  const go = (/** @type {Record<string, string | null>} */ changes) =>
    context.navigate(`/league${queryString({ month: query.get('month'), sort: query.get('sort'), ...changes })}`);
  const head = [
    h('header', { class: 'page-head' }, h('h1', null, 'League')),
    filterForm([month, order], () => go({ month: month.input.value, sort: order.input.value })),
  ];
  if (league.rows.length === 0)
    return [...head, empty('No store yet', 'Add stores; as soon as they send orders, they are compared here.')];
  return [
    ...head,
    league.totals.length > 0 &&
      h('section', { class: 'league-totals', 'aria-label': 'Together' }, league.totals.map(total)),
    league.quartiles.length > 0 && league.totals.length === 0 && standing(league.quartiles),
    table(league, String(sort), (key) => go({ sort: key })),
    league.cohorts.length > 1 && cohorts(league),
    h(
      'p',
      { class: 'quiet' },
      'A dash: fewer than ten people, or nothing to compare with. Growth is told of stores that traded all through the',
      ' month before, so that a new store does not look like growth. Currencies are never added.',
    ),
  ];
}

/** The month that is shown and those around it. @param {string} shown @returns {[string, string][]} */
function choices(shown) {
  const now = new Date();
  const found = new Set([shown]);
  for (let back = 0; back < MONTHS; back++)
    found.add(new Date(Date.UTC(now.getFullYear(), now.getMonth() - back, 1)).toISOString().slice(0, 7));
  return [...found]
    .sort()
    .reverse()
    .map((month) => [month, monthText(month)]);
}

/** @param {LeagueTotal} one */
function total(one) {
  return h(
    'article',
    { class: 'card', 'data-testid': 'league-total' },
    h('h2', null, money(one.revenue_minor, one.currency)),
    h('p', null, `${number(one.stores)} ${one.stores === 1 ? 'store' : 'stores'} together, ${change(one.growth)}`),
    h(
      'p',
      null,
      h('strong', null, `The same ${number(one.same_stores)}: ${change(one.same_growth)}.`),
      ` New stores took ${money(one.new_revenue_minor, one.currency)}.`,
    ),
  );
}

/** @param {number | null} growth */
const change = (growth) =>
  growth === null ? 'nothing to compare with' : `${percent(growth, true)} on the month before`;

/** @param {LeagueQuartiles[]} quartiles */
function standing(quartiles) {
  return h(
    'section',
    { class: 'card', 'data-testid': 'league-quartiles' },
    h('h2', null, 'All stores'),
    h('p', { class: 'quiet' }, 'Half of the stores lie between the first number and the last; nobody is named.'),
    h(
      'dl',
      { class: 'store-facts' },
      quartiles.map((one) => [
        h('dt', null, MEASURES[one.measure] ?? one.measure),
        h('dd', null, [one.low, one.middle, one.high].map((value) => figure(one, value)).join(' · ')),
      ]),
    ),
  );
}

/** @param {LeagueQuartiles} one @param {number} value */
function figure({ measure, currency }, value) {
  if (measure === 'growth' || measure === 'retention') return percent(value, measure === 'growth');
  return currency ? money(value, currency) : number(value);
}

/** @param {League} league @param {string} sort @param {(key: string) => void} onSort */
function table(league, sort, onSort) {
  const column = COLUMNS.find(({ key }) => key === sort) ?? COLUMNS[0];
  const rows = [...league.rows].sort((a, b) => compare(column, a, b));
  return h(
    'div',
    { class: 'league-scroll' },
    h(
      'table',
      { class: 'table league-table', 'data-testid': 'league-table' },
      h('caption', { class: 'visually-hidden' }, `Stores in ${monthText(league.month)}`),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          COLUMNS.map((one) =>
            h(
              'th',
              {
                scope: 'col',
                class: one.key === 'name' ? '' : 'num',
                'aria-sort': one.key === sort ? direction(one) : undefined,
              },
              h(
                'button',
                {
                  type: 'button',
                  class: 'league-sort',
                  'data-testid': `sort-${one.key}`,
                  on: { click: () => onSort(one.key) },
                },
                one.words,
              ),
            ),
          ),
          h('th', { scope: 'col' }, 'Twelve months'),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((row) =>
          h(
            'tr',
            { 'data-testid': 'league-row' },
            COLUMNS.map((one) =>
              one.key === 'name'
                ? h('th', { scope: 'row' }, one.show(row))
                : h('td', { class: 'num', 'data-label': one.words }, one.show(row)),
            ),
            h('td', { 'data-label': 'Twelve months' }, trendLine(row, league.months)),
          ),
        ),
      ),
    ),
  );
}

/** Names from A, numbers from the largest; what is not told comes last. @param {Column} column @param {LeagueRow} a @param {LeagueRow} b */
function compare(column, a, b) {
  const [one, other] = [column.value(a), column.value(b)];
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  if (typeof one === 'string') return one.localeCompare(String(other));
  if (column.key === 'revenue' && a.currency !== b.currency)
    return String(a.currency).localeCompare(String(b.currency));
  return Number(other) - one;
}

/** @param {Column} column */
const direction = (column) => (column.key === 'name' ? 'ascending' : 'descending');

/** @param {LeagueRow} row */
function nameCell(row) {
  return [
    h('a', { href: `/stores?id=${row.store_id}`, class: 'breaks' }, row.name),
    ' ',
    row.cohort === null ? pill('no order yet') : !row.same_store && pill('new', 'ok'),
    row.too_few && pill('too few people'),
  ];
}

/** @param {League} league */
function cohorts(league) {
  return h(
    'details',
    { class: 'card', 'data-testid': 'league-cohorts' },
    h('summary', null, 'By the month of their first order'),
    h(
      'dl',
      { class: 'store-facts' },
      league.cohorts.map((one) => [
        h('dt', null, monthText(one.cohort)),
        h(
          'dd',
          null,
          `${number(one.stores)} ${one.stores === 1 ? 'store' : 'stores'}, ${money(one.revenue_minor, one.currency)}`,
          one.same_growth !== null && `, ${percent(one.same_growth, true)}`,
        ),
      ]),
    ),
  );
}
