/** Every message, sent or held back, with its reasons; newest first; and what failed for good. */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, explain, failure, loading } from '../../ui/widgets.js';
import { countsPart } from './counts.js';
import { deadSwitch, retryAll } from './dead.js';
import { filterBar } from './filters.js';
import { messageRow } from './row.js';
import { asked, filterOf } from './words.js';

/** @import {Campaign, Message} from '../../types' */

const PAGE = 50;

/** @type {import('../../types').Page} */
export function messagesPage(root, context, query) {
  const abort = new AbortController();
  const { signal } = abort;
  const filter = filterOf(query);
  const list = h('ul', { class: 'cards', 'data-testid': 'message-list' });
  const foot = h('div', null);
  const bar = h('div', null, filterBar({ context, filter, campaigns: [] }));
  const counts = countsPart({ filter, signal });
  const wanted = asked(filter); // once: the pages of one list are of one time
  let cursor = /** @type {string | null} */ (null);
  let shown = 0;

  function reload() {
    cursor = null;
    shown = 0;
    fill(list);
    more();
    counts.load();
  }

  async function more() {
    fill(foot, loading());
    try {
      const page = await get('/v1/messages', { ...wanted, limit: PAGE, cursor }, signal);
      const items = /** @type {Message[]} */ (page.items);
      cursor = page.next;
      shown += items.length;
      list.append(...items.map((message) => messageRow({ context, message, onRetried: reload })));
      fill(foot, shown === 0 ? nothing() : cursor && olderButton(more));
    } catch (error) {
      if (!signal.aborted) fill(foot, shown ? h('p', { role: 'alert' }, explain(error)) : failure(error, more));
    }
  }

  const nothing = () =>
    filter.dead === 'true'
      ? empty('No dead letters', 'Nothing of what you chose has failed for good.')
      : Object.values(filter).some(Boolean)
        ? empty('No such message', 'Choose something else above.')
        : empty('No message yet', 'As soon as a shopper enters a zone with a running campaign, it is listed here.');

  /** The names come after the list: it does not need them. */
  async function nameCampaigns() {
    const campaigns = /** @type {Campaign[]} */ (await getAll('/v1/campaigns', {}, signal));
    const named = campaigns.map(({ id, name }) => /** @type {[string, string]} */ ([id, name]));
    if (filter.campaign_id && !campaigns.some(({ id }) => id === filter.campaign_id))
      named.push([filter.campaign_id, 'One that is archived or deleted']);
    if (bar.contains(document.activeElement)) return; // somebody is choosing: not now
    fill(bar, filterBar({ context, filter, campaigns: named }));
  }

  fill(
    root,
    h(
      'div',
      { class: 'page' },
      h('header', { class: 'page-head' }, h('h1', null, 'Messages'), deadSwitch(filter)),
      bar,
      h(
        'div',
        { class: 'ledger' },
        h('div', { class: 'stack' }, retryAll({ context, filter, onRetried: reload }), list, foot),
        counts.node,
      ),
    ),
  );
  more();
  nameCampaigns().catch(() => {});
  return () => abort.abort();
}

/** @param {() => void} click */
const olderButton = (click) =>
  h('button', { type: 'button', class: 'button', 'data-testid': 'more', on: { click } }, 'Show older ones');
