/** The list of campaigns: found by words, status, tag and shop; copied, put away and taken back. */
import { get, getAll, newKey, post, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { empty, explain, whileLoading } from '../../ui/widgets.js';
import { CAMPAIGN_STATUS, may } from '../../ui/words.js';
import { byName, loadNames, sender, statusPill, tagLinks, triggerText } from './words.js';

/** @import {Campaign, Context} from '../../types' */
/** @import {Names} from './words.js' */

const REPORTS_AT_ONCE = 4;
const ARCHIVED = 'archived';

/** @param {HTMLElement} place @param {Context} context @param {URLSearchParams} query @param {AbortSignal} signal */
export function listPage(place, context, query, signal) {
  const body = h('div', { class: 'stack' });
  const bar = h('div', null);
  fill(
    place,
    h(
      'header',
      { class: 'page-head' },
      h('h1', null, 'Campaigns'),
      may(context.me, 'edit') &&
        h(
          'div',
          { class: 'page-tools' },
          h(
            'a',
            { class: 'button button-primary', href: '/campaigns?new=1', 'data-testid': 'new-campaign' },
            icon('plus', 18),
            'New campaign',
          ),
        ),
    ),
    bar,
    body,
  );
  const status = query.get('status') ?? '';
  const asked = {
    status: status === ARCHIVED ? '' : status,
    archived: status === ARCHIVED ? 'true' : '',
    tag: query.get('tag'),
    store_id: query.get('store_id'),
    q: query.get('q'),
  };
  const isFiltered = Object.values(asked).some(Boolean);
  const load = () =>
    whileLoading(
      body,
      async () => {
        const [campaigns, names, tags] = await Promise.all([
          getAll('/v1/campaigns', asked, signal),
          loadNames(signal),
          get('/v1/campaigns/tags', {}, signal),
        ]);
        return { campaigns: /** @type {Campaign[]} */ (campaigns), names, tags: tags.items };
      },
      ({ campaigns, names, tags }) => {
        fill(bar, filters(context, query, names, tags));
        if (campaigns.length === 0) return isFiltered ? nothing() : noneYet();
        const rows = campaigns.map((campaign) => ({ campaign, ...row(context, campaign, names, load) }));
        fillReports(rows, signal);
        return table(rows.map(({ node }) => node));
      },
    );
  load();
}

const nothing = () =>
  empty(
    'No such campaign',
    'Choose something else above.',
    h('a', { class: 'button', href: '/campaigns' }, 'Show all'),
  );

const noneYet = () =>
  empty(
    'No campaigns yet',
    'A campaign sends a push when a shopper enters a zone or a shop, or stays there.',
    h(
      'div',
      { class: 'foot-buttons' },
      h('a', { class: 'button', href: '/campaigns?new=1' }, 'Make the first one'),
      h('a', { class: 'button', href: '/recipes', 'data-testid': 'to-recipes' }, 'Start from a recipe'),
    ),
  );

/**
 * @param {Context} context @param {URLSearchParams} query @param {Names} names
 * @param {{tag: string, campaigns: number}[]} tags
 */
function filters(context, query, names, tags) {
  const words = textField(
    'Name',
    { type: 'search', value: query.get('q') ?? '', maxlength: 200 },
    { testid: 'campaign-words' },
  );
  const status = selectField(
    'Status',
    [['', 'Every status'], ...Object.entries(CAMPAIGN_STATUS), [ARCHIVED, 'archived']],
    query.get('status') ?? '',
    { testid: 'campaign-status' },
  );
  const tag = selectField(
    'Tag',
    [
      ['', 'Every tag'],
      ...tags.map(({ tag: name, campaigns }) => /** @type {[string, string]} */ ([name, `${name} (${campaigns})`])),
    ],
    query.get('tag') ?? '',
    { testid: 'campaign-tag' },
  );
  const store = selectField('Shop', [['', 'Every shop'], ...byName(names.stores)], query.get('store_id') ?? '', {
    testid: 'campaign-shop',
  });
  const apply = () =>
    context.navigate(
      `/campaigns${queryString({
        q: words.input.value.trim(),
        status: status.input.value,
        tag: tag.input.value,
        store_id: store.input.value,
      })}`,
    );
  return h(
    'form',
    {
      class: 'filters',
      'aria-label': 'Filter',
      on: {
        // words are looked for with Enter, which submits
        change: (/** @type {Event} */ event) => event.target !== words.input && apply(),
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          apply();
        },
      },
    },
    words.node,
    status.node,
    (tags.length > 0 || query.has('tag')) && tag.node,
    names.stores.size > 1 && store.node,
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
        h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'More')),
      ),
    ),
    h('tbody', null, rows),
  );
}

/** @param {Context} context @param {Campaign} campaign @param {Names} names @param {() => void} reload */
function row(context, campaign, names, reload) {
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
          tagLinks(campaign),
        ),
      ),
    ),
    h('td', { 'data-label': 'Status' }, statusPill(campaign)),
    cells,
    h('td', { class: 'row-menu' }, may(context.me, 'edit') && moreMenu(context, campaign, reload)),
  );
  return { node, cells };
}

/** What can be done with a campaign without opening it. @param {Context} context @param {Campaign} campaign @param {() => void} reload */
export function moreMenu(context, campaign, reload) {
  const { id, name, archived_at: put, status } = campaign;
  const once = newKey();
  /** @param {() => Promise<void>} work */
  async function act(work) {
    try {
      await work();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }
  const copy = () =>
    act(async () => {
      const made = await post(`/v1/campaigns/${id}/clone`, undefined, { once });
      context.toast(`“${made.name}” is a draft.`);
      context.navigate(`/campaigns?id=${made.id}&edit=1`);
    });
  const archive = () =>
    act(async () => {
      await post(`/v1/campaigns/${id}/${put ? 'unarchive' : 'archive'}`);
      context.toast(put ? `“${name}” is in the list again.` : `“${name}” is in the archive.`);
      reload();
    });
  return menuButton({
    label: `More for “${name}”`,
    content: icon('more', 18),
    testid: 'campaign-more',
    items: () => [
      { label: 'Copy', icon: 'copy', testid: 'clone', act: copy },
      {
        label: put ? 'Take out of the archive' : 'Archive',
        icon: 'download',
        testid: put ? 'unarchive' : 'archive',
        disabled: !put && ['active', 'scheduled', 'in_review'].includes(status),
        act: archive,
      },
    ],
  });
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
