/** Who comes back: customers by the month of their first purchase, and how many of them bought again later. */
import { get } from '../../api.js';
import { h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { empty } from '../../ui/widgets.js';
import { card } from '../footfall/charts.js';
import { NOT_TOLD, stepName } from './words.js';

/** @import {Cohorts} from '../../types' */
/** @import {Asked} from './index.js' */

const STEPS = 5;

/** @param {Asked} asked @returns {Promise<Node>} */
export async function cohorts({ scope, csvLink, signal }) {
  /** @type {Cohorts} */
  const found = await get('/v1/metrics/cohorts', scope, signal);
  const rows = found.items.filter((row) => row.people !== 0);
  if (!rows.length) return empty('No cohort yet', 'As soon as customers have bought, each month of them is a row.');
  const most = Math.max(...rows.map((row) => row.later.length));
  return card(
    'Who comes back',
    found.formula,
    h(
      'table',
      { class: 'cohorts', 'data-testid': 'cohorts' },
      h(
        'caption',
        { class: 'visually-hidden' },
        'Share of each month’s new customers who bought again, by months later',
      ),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'First bought'),
          h('th', { scope: 'col', class: 'num' }, 'Customers'),
          Array.from({ length: most }, (_, i) => h('th', { scope: 'col', class: 'num' }, `+${i + 1}`)),
        ),
      ),
      h('tbody', null, rows.map(row)),
    ),
    csvLink('/v1/metrics/cohorts', scope),
  );
}

/** @param {Cohorts['items'][number]} cohort */
const row = (cohort) =>
  h(
    'tr',
    null,
    h('th', { scope: 'row' }, `${stepName(cohort.from, 'month')} ${cohort.from.slice(0, 4)}`),
    h('td', { class: 'num' }, cohort.people === null ? NOT_TOLD : number(cohort.people)),
    cohort.later.map(({ share, people, complete }) =>
      h(
        'td',
        {
          class: `num ${share === null ? 'hatch' : `step-${Math.min(STEPS, Math.ceil(share * STEPS * 1.25))}`}`,
          title: share === null ? NOT_TOLD : `${number(people)} customers${complete ? '' : ', not over yet'}`,
        },
        share === null ? '' : `${Math.round(share * 100)}${complete ? '' : '…'}`,
      ),
    ),
  );
