/** Campaigns: the list, and by the address one of them (`?id=`), its editor (`?id=&edit=1`) or a new one (`?new=1`). */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, whileLoading } from '../../ui/widgets.js';
import { CAMPAIGN_STATUS, may } from '../../ui/words.js';
import { detail } from './detail.js';
import { campaignForm } from './form.js';
import { loadNames, sender, statusPill, triggerText } from './words.js';

/** @import {Campaign, Context} from '../../types' */
/** @import {Names} from './words.js' */

const REPORTS_AT_ONCE = 4;

/** @type {import('../../types').Page} */
export function campaignsPage(root, context, query) {
  const abort = new AbortController();
  const id = query.get('id');
  const place = h('div', { class: 'page' });
  fill(root, place);
  if (query.has('new') || (id && query.has('edit'))) {
    whileLoading(
      place,
      async () => {
        const [names, campaign] = await Promise.all([
          loadNames(abort.signal),
          id ? get(`/v1/campaigns/${id}`, {}, abort.signal) : null,
        ]);
        return { names, campaign };
      },
      ({ names, campaign }) => campaignForm({ context, names, campaign, query }),
    );
  } else if (id) {
    whileLoading(
      place,
      async () => {
        const [names, campaign, report] = await Promise.all([
          loadNames(abort.signal),
          get(`/v1/campaigns/${id}`, {}, abort.signal),
          get(`/v1/campaigns/${id}/report`, {}, abort.signal),
        ]);
        return { names, campaign, report };
      },
      (loaded) => detail({ context, ...loaded }),
    );
  } else list(place, context, query, abort.signal);
  return () => abort.abort();
}

/** @param {HTMLElement} place @param {Context} context @param {URLSearchParams} query @param {AbortSignal} signal */
function list(place, context, query, signal) {
  const chosen = query.get('status') ?? '';
  const body = h('div', null);
  const filter = h(
    'select',
    {
      'aria-label': 'Status',
      'data-testid': 'campaign-status',
      on: { change: () => context.navigate(filter.value ? `/campaigns?status=${filter.value}` : '/campaigns') },
    },
    h('option', { value: '' }, 'Every status'),
    Object.entries(CAMPAIGN_STATUS).map(([value, words]) => h('option', { value, selected: value === chosen }, words)),
  );
  fill(
    place,
    h(
      'header',
      { class: 'page-head' },
      h('h1', null, 'Campaigns'),
      h(
        'div',
        { class: 'page-tools' },
        filter,
        may(context.me, 'edit') &&
          h(
            'a',
            { class: 'button button-primary', href: '/campaigns?new=1', 'data-testid': 'new-campaign' },
            icon('plus', 18),
            'New campaign',
          ),
      ),
    ),
    body,
  );
  whileLoading(
    body,
    async () => {
      const [campaigns, names] = await Promise.all([
        getAll('/v1/campaigns', { status: chosen }, signal),
        loadNames(signal),
      ]);
      return { campaigns: /** @type {Campaign[]} */ (campaigns), names };
    },
    ({ campaigns, names }) => {
      if (campaigns.length === 0) {
        return chosen
          ? empty('None with this status', 'Choose another status above.')
          : empty(
              'No campaigns yet',
              'A campaign sends a push when a shopper enters a zone or a shop, or stays there.',
              h('a', { class: 'button', href: '/campaigns?new=1' }, 'Make the first one'),
            );
      }
      const rows = campaigns.map((campaign) => ({ campaign, ...row(campaign, names) }));
      fillReports(rows, signal);
      return table(rows.map(({ node }) => node));
    },
  );
}

/** @param {HTMLElement[]} rows */
function table(rows) {
  return h(
    'table',
    { class: 'table', 'data-testid': 'campaign-list' },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        ['Campaign', 'Status', 'Sent', 'Opened', 'Held back'].map((title, i) =>
          h('th', { scope: 'col', class: i > 1 ? 'num' : '' }, title),
        ),
      ),
    ),
    h('tbody', null, rows),
  );
}

/** @param {Campaign} campaign @param {Names} names */
function row(campaign, names) {
  const { name, mark } = sender(campaign, names);
  const cells = ['Sent', 'Opened', 'Held back'].map((label) => h('td', { class: 'num', 'data-label': label }, '…'));
  const node = h(
    'tr',
    { 'data-testid': 'campaign-row' },
    h(
      'td',
      { class: 'wide-cell' },
      h(
        'div',
        { class: 'campaign-cell' },
        mark,
        h(
          'div',
          null,
          h('a', { class: 'title-link', href: `/campaigns?id=${campaign.id}` }, campaign.name),
          h('p', { class: 'quiet' }, `${name} · ${triggerText(campaign, names)}`),
        ),
      ),
    ),
    h('td', { 'data-label': 'Status' }, statusPill(campaign)),
    cells,
  );
  return { node, cells };
}

/** Numbers come in after the list, a few at a time. @param {{campaign: Campaign, cells: HTMLElement[]}[]} rows @param {AbortSignal} signal */
async function fillReports(rows, signal) {
  const waiting = [...rows];
  async function next() {
    for (let item = waiting.shift(); item && !signal.aborted; item = waiting.shift()) {
      const { campaign, cells } = item;
      const report = await get(`/v1/campaigns/${campaign.id}/report`, {}, signal).catch(() => null);
      const held =
        report && Object.values(report.skipped).reduce((/** @type {number} */ sum, /** @type {any} */ n) => sum + n, 0);
      [report?.sent, report?.opened, held].forEach((value, i) => fill(cells[i], number(value)));
    }
  }
  await Promise.all(Array.from({ length: REPORTS_AT_ONCE }, next));
}
