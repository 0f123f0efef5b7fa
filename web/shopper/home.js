/** The page as one sees it most: what is on and what is off, and the inbox. */

import { fill, h } from '../src/ui/dom.js';
import { receipt, safeLink } from './api.js';
import { askPosition, askPush, decide, dismiss, markOpened, state } from './session.js';

const HOW_TO_ALLOW =
  'This browser is set to give no position to this page. To allow it, tap the sign beside the address' +
  ' (or the settings of the browser, under Site permissions), then Location.';

/** @returns {import('./types').Told} */
function position() {
  const { consents, permission, tracking, trouble, last } = state;
  if (consents.location !== 'granted') {
    const action = { label: 'Share my position', run: () => decide('location', 'granted') };
    return { tone: 'off', head: 'Position: off', text: 'You have not agreed to it. Nothing is sent.', action };
  }
  if (permission === 'insecure') {
    const text =
      'Browsers give a position to encrypted pages only, and this address starts with http://. Open the page by its' +
      ' https:// address.';
    return { tone: 'warn', head: 'Position: not possible here', text };
  }
  if (permission === 'unsupported')
    return { tone: 'warn', head: 'Position: not possible', text: 'This browser has no position.' };
  if (permission === 'denied') return { tone: 'warn', head: 'Position: blocked', text: HOW_TO_ALLOW };
  if (permission === 'prompt') {
    const action = { label: 'Allow in the browser', run: askPosition };
    return { tone: 'warn', head: 'Position: one more step', text: 'The browser asks you once more, itself.', action };
  }
  if (!tracking)
    return { tone: 'off', head: 'Position: paused', text: 'It goes on when this page is in front of you.' };
  if (trouble) return { tone: 'warn', head: 'Position: none just now', text: trouble };
  const text = last ? `±${Math.round(last.accuracy_m)} m at ${time(last.at)}` : 'Looking for it …';
  const far = state.far ? ' Every place that takes part is far away, so it is sent seldom.' : '';
  return { tone: 'on', head: 'Position: on', text: `${text}. Only while this page is in front of you.${far}` };
}

/** @returns {import('./types').Told} */
function push() {
  const { consents, app, pushTrouble } = state;
  if (consents.marketing_push !== 'granted') {
    const action = { label: 'Get offers', run: () => decide('marketing_push', 'granted') };
    return { tone: 'off', head: 'Offers: off', text: 'You have not agreed to them. None are sent.', action };
  }
  const here = 'They come to the inbox while this page is open.';
  if (!app?.vapid_public_key || !('Notification' in globalThis) || !('PushManager' in globalThis))
    return { tone: 'on', head: 'Offers: on', text: `${here} ${whyNoPush()}` };
  if (Notification.permission === 'denied')
    return { tone: 'on', head: 'Offers: on, without notifications', text: `${here} Notifications are blocked.` };
  if (Notification.permission === 'default') {
    const action = { label: 'Notify me too', run: askPush };
    return { tone: 'on', head: 'Offers: on', text: here, action };
  }
  if (pushTrouble) return { tone: 'warn', head: 'Offers: on, without notifications', text: `${here} ${pushTrouble}` };
  return { tone: 'on', head: 'Offers: on', text: 'As notifications too, also while this page is closed.' };
}

function whyNoPush() {
  if (!state.app?.vapid_public_key) return '';
  if (!isSecureContext) return 'Notifications need an https:// address.';
  return /iPhone|iPad/.test(navigator.userAgent)
    ? 'For notifications, add the page to your home screen first (Share, then Add to Home Screen).'
    : 'This browser has no notifications.';
}

/** @returns {string} what waits, what was lost, what the server would not take */
function queue() {
  const { waiting, dropped, offline, sent } = state;
  const words = [];
  if (offline) words.push('No connection to the server.');
  if (waiting.pings + waiting.receipts) words.push(`${waiting.pings + waiting.receipts} waiting to be sent.`);
  if (dropped) words.push(`${dropped} old positions had to go: there was no connection for too long.`);
  if (sent?.rejected) words.push(`The server did not use the last position (${sent.rejected.replaceAll('_', ' ')}).`);
  return words.join(' ');
}

/** @param {string} at */
const time = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** @param {string} at */
function when(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString([], {
    ...(isToday ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** A line of state that keeps its nodes, so that focus and screen readers are not disturbed. @param {string} id */
function row(id) {
  const head = h('h2');
  const text = h('p');
  const button = h('button', { type: 'button' });
  const node = h(
    'div',
    { class: 'row', 'data-testid': id, tabindex: -1 },
    h('span', { class: 'dot' }),
    h('div', null, head, text),
  );
  /** @param {import('./types').Told} told */
  function draw({ tone, head: title, text: words = '', action }) {
    node.dataset.tone = tone;
    if (head.textContent !== title) head.textContent = title;
    if (text.textContent !== words) text.textContent = words;
    if (action) {
      button.textContent = action.label;
      button.onclick = action.run;
      if (!button.isConnected) node.append(button);
    } else if (button.isConnected) {
      if (document.activeElement === button) node.focus({ preventScroll: true }); // it must not get lost
      button.remove();
    }
  }
  return { node, draw };
}

/** @param {import('./types').InboxItem} item */
function message(item) {
  const isNew = !item.opened_at;
  const isOver = Date.parse(item.expires_at) < Date.now();
  const link = safeLink(item.link);
  const by = h('p', { class: 'by' }, isNew && h('span', { class: 'new' }, 'New'), item.store_name ?? state.app?.name);
  by.append(h('time', { datetime: item.created_at }, when(item.created_at)));
  return h(
    'li',
    { class: 'message', 'data-testid': 'message', 'data-new': isNew, style: { '--shop': color(item.brand_color) } },
    by,
    h('h3', null, item.title),
    h('p', null, item.body),
    isOver && h('p', { class: 'quiet' }, 'This is over.'),
    h(
      'div',
      { class: 'buttons' },
      link && h('a', { href: link, rel: 'noopener', on: { click: () => receipt(item.id, 'opened') } }, 'Open'),
      isNew && button('Mark as read', item, () => markOpened(item)),
      button('Remove', item, () => dismiss(item)),
    ),
  );
}

/** @param {string} label @param {import('./types').InboxItem} item @param {() => unknown} click */
const button = (label, item, click) =>
  h('button', { type: 'button', class: 'plain', 'aria-label': `${label}: ${item.title}`, on: { click } }, label);

/** @param {string | null} value */
const color = (value) => (/^#[0-9a-f]{6}$/i.test(value ?? '') ? /** @type {string} */ (value) : 'var(--brand)');

/** @param {(words: string) => void} say to a screen reader */
export function home(say) {
  const rows = { position: row('position'), push: row('push') };
  const waits = h('p', { class: 'quiet', 'data-testid': 'queue', hidden: true });
  const unread = h('span', { class: 'count', 'data-testid': 'unread' });
  const list = h('ul', { 'data-testid': 'inbox' });
  const none = h('p', { class: 'empty', 'data-testid': 'empty' });
  let drawn = '';
  /** @type {Set<string> | null} */
  let known = null;
  const node = h(
    'div',
    { class: 'view' },
    h('section', { class: 'card', 'aria-label': 'What is on' }, rows.position.node, rows.push.node, waits),
    h('section', { 'aria-labelledby': 'inbox-title' }, h('h1', { id: 'inbox-title' }, 'Inbox ', unread), none, list),
  );

  function draw() {
    rows.position.draw(position());
    rows.push.draw(push());
    waits.textContent = queue();
    waits.hidden = !waits.textContent;
    const news = state.inbox.filter((item) => !item.opened_at);
    unread.textContent = news.length ? `${news.length} new` : '';
    none.hidden = state.inbox.length > 0;
    none.textContent =
      state.consents.marketing_push === 'granted'
        ? 'Nothing yet. When you walk into a place that has something for you, it appears here.'
        : 'Nothing here: you have not agreed to offers.';
    const now = JSON.stringify(state.inbox);
    if (now === drawn) return;
    drawn = now;
    const held = document.activeElement?.closest('li') ? document.activeElement.getAttribute('aria-label') : null;
    fill(list, state.inbox.map(message));
    if (held) {
      const again = [...list.querySelectorAll('button')].find((b) => b.getAttribute('aria-label') === held);
      (again ?? list.querySelector('button') ?? /** @type {HTMLElement} */ (node.closest('main')))?.focus();
    }
    const fresh = known ? news.filter((item) => !known?.has(item.id)) : [];
    if (fresh.length) say(`New: ${fresh.map((item) => item.title).join('; ')}`);
    known = new Set(state.inbox.map((item) => item.id));
  }
  draw();
  return { node, draw };
}
