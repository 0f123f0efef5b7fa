/** Replies: what people wrote by WhatsApp, Viber, SMS and e-mail, newest first, and the conversation beside it. */
import { get, getAll, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { ago } from '../../ui/format.js';
import { empty, failure, loading, pill } from '../../ui/widgets.js';
import { threadView } from './thread.js';
import { CHANNEL } from './words.js';

/** @import {Store} from '../../types' */
/** @import {Conversation} from '../../types_replies' */

/** @type {[string, string][]} */
const STATUSES = [
  ['open', 'Open'],
  ['unread', 'Unread'],
  ['all', 'All'],
];
const MOST = 100;

/** @type {import('../../types').Page} */
export function repliesPage(root, context, query) {
  const abort = new AbortController();
  const status = query.get('status') ?? 'open';
  const storeId = query.get('store_id');
  let openId = query.get('id');
  /** @type {ReturnType<typeof threadView> | null} */
  let thread = null;
  /** @type {Map<string, string>} */
  let stores = new Map();
  const list = h('ul', { class: 'replies-list', 'data-testid': 'replies', 'aria-label': 'Conversations' });
  const state = h('div', null, loading());
  const side = h('section', { class: 'card replies-thread', 'aria-label': 'Conversation' });
  const storeSelect = h('select', {
    'aria-label': 'Store',
    'data-testid': 'replies-store',
    hidden: true,
    on: { change: () => go({ store_id: storeSelect.value, id: null }) },
  });
  const tabs = h(
    'div',
    { class: 'page-tools replies-tools' },
    storeSelect,
    STATUSES.map(([value, words]) =>
      h(
        'a',
        {
          class: 'button',
          href: `/replies${queryString({ status: value, store_id: storeId })}`,
          'aria-current': value === status ? 'page' : null,
          'data-testid': `replies-${value}`,
        },
        words,
      ),
    ),
  );
  const board = h('div', { class: 'replies' }, h('div', { class: 'card replies-side' }, state, list), side);
  fill(root, h('div', { class: 'page' }, h('header', { class: 'page-head' }, h('h1', null, 'Replies'), tabs), board));

  /** @param {Record<string, string | null>} changed */
  const go = (changed) =>
    context.navigate(`/replies${queryString({ status, store_id: storeId, id: openId, ...changed })}`);
  /** @param {string | null} id */
  const storeName = (id) => (id ? (stores.get(id) ?? 'A store') : context.me.tenant.name);

  async function load() {
    try {
      const query_ = { status, store_id: storeId, limit: MOST };
      const page = await get('/v1/conversations', query_, abort.signal);
      show(page.items);
    } catch (error) {
      if (!abort.signal.aborted) fill(state, failure(error, load));
    }
  }

  /** @param {Conversation[]} items */
  function show(items) {
    fill(state, items.length ? null : nothing());
    fill(list, items.map(row));
    board.classList.toggle('replies-empty', items.length === 0 && !openId);
  }

  const nothing = () =>
    status === 'unread'
      ? empty('Everything is read', 'What people write next shows up here by itself.')
      : empty(
          'Nobody has written yet',
          'When somebody answers a WhatsApp, Viber, SMS or e-mail of yours, it shows up here within a second.',
          h('a', { class: 'button', href: '/apps' }, 'Set up channels'),
        );

  /** @param {Conversation} one */
  function row(one) {
    return h(
      'li',
      null,
      h(
        'a',
        {
          class: `replies-row ${one.unread ? 'replies-unread' : ''}`,
          href: `/replies${queryString({ status, store_id: storeId, id: one.id })}`,
          'aria-current': one.id === openId ? 'true' : null,
          'data-testid': 'reply-row',
          'data-id': one.id,
          on: {
            click: (/** @type {MouseEvent} */ event) => {
              if (event.ctrlKey || event.metaKey) return;
              event.preventDefault();
              event.stopPropagation();
              open(one.id);
            },
          },
        },
        h('span', { class: 'replies-name' }, one.name),
        h('time', { class: 'quiet', datetime: one.last_at }, ago(one.last_at)),
        h('span', { class: 'replies-last' }, one.last_text),
        h(
          'span',
          { class: 'replies-marks' },
          one.unread > 0 &&
            h(
              'span',
              { class: 'replies-count', 'data-testid': 'unread' },
              `${one.unread}`,
              h('span', { class: 'visually-hidden' }, ' unread'),
            ),
          one.assigned_to && pill(one.assigned_to === context.me.operator.id ? 'Yours' : 'A colleague’s', 'info'),
          h('span', { class: 'quiet' }, `${CHANNEL[one.channel]} · ${storeName(one.store_id)}`),
        ),
      ),
    );
  }

  /** @param {string | null} id */
  function open(id) {
    openId = id;
    window.history.replaceState(null, '', `/replies${queryString({ status, store_id: storeId, id })}`);
    thread?.leave();
    thread = null;
    board.classList.toggle('replies-open', Boolean(id));
    for (const anchor of list.querySelectorAll('a')) {
      if (anchor.dataset.id === id) anchor.setAttribute('aria-current', 'true');
      else anchor.removeAttribute('aria-current');
    }
    if (!id) return fill(side, empty('No conversation chosen', 'Choose one on the left to read and answer it.'));
    thread = threadView(side, { id, context, storeName, onChange: load, onBack: () => open(null) });
  }

  async function start() {
    const found = /** @type {Store[]} */ (await getAll('/v1/stores', {}, abort.signal).catch(() => []));
    if (abort.signal.aborted) return;
    stores = new Map(found.map((one) => [one.id, one.properties.name]));
    storeSelect.hidden = found.length < 2;
    fill(
      storeSelect,
      h('option', { value: '' }, 'Every store'),
      found.map((one) => h('option', { value: one.id, selected: one.id === storeId }, one.properties.name)),
    );
    open(openId);
    await load();
  }

  /** What is written, what becomes of answers, and what colleagues do shows at once. */
  const stops = [
    context.hub.on('reply', (reply) => {
      load();
      if (reply.conversation_id === openId) thread?.reload();
    }),
    context.hub.on('conversation', (change) => {
      load();
      const isMine = change.by === context.me.operator.id; // each look at a conversation is noted
      if (change.conversation_id === openId && !isMine) thread?.reload();
    }),
    context.hub.on('message', () => thread?.reload()),
    context.hub.on('resync', () => {
      load();
      thread?.reload();
    }),
  ];
  start();
  return () => {
    abort.abort();
    thread?.leave();
    for (const stop of stops) stop();
  };
}
