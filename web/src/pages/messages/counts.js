/** How many messages there are by reason, each with the sentence that a shop owner understands. */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { messageStatus, reasonText } from '../../ui/words.js';
import { counted } from './words.js';

/** @import {Filter} from './words.js' */
/** @typedef {{status: string, reason: string | null, text: string | null, messages: number, dead: number}} Count */

/** @param {{filter: Filter, signal: AbortSignal}} options */
export function countsPart({ filter, signal }) {
  const body = h('div', { class: 'stack', 'data-testid': 'message-counts' });
  const node = h(
    'details',
    { class: 'card ledger-counts', open: window.matchMedia('(min-width: 901px)').matches },
    h('summary', null, h('h2', null, 'What became of them')),
    body,
  );
  async function load() {
    try {
      const { items } = await get('/v1/messages/counts', counted(filter), signal);
      fill(body, shown(items));
    } catch {
      if (!signal.aborted) fill(body, h('p', { class: 'quiet' }, 'The counts cannot be shown now.'));
    }
  }

  /** @param {Count[]} items */
  function shown(items) {
    const most = Math.max(1, ...items.map(({ messages }) => messages));
    return [
      h('p', { class: 'quiet' }, filter.since ? 'Of the time chosen.' : 'Of the last 30 days.'),
      h(
        'ul',
        { class: 'ledger-reasons' },
        items.map((item) => line(item, most)),
      ),
    ];
  }

  /** @param {Count} item @param {number} most */
  function line({ status, reason, text, messages }, most) {
    const words = reason ? `${messageStatus(status)}: ${reasonText(reason)}` : messageStatus(status);
    return h(
      'li',
      { 'data-testid': 'message-count' },
      h('a', { href: `/messages${queryString({ ...filter, status, reason })}` }, words),
      h('b', null, number(messages)),
      h('span', { class: 'bar' }, h('span', { style: { width: `${(messages / most) * 100}%` } })),
      text && h('p', { class: 'quiet' }, text),
    );
  }

  load();
  return { node, load };
}
