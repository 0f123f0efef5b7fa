/**
 * A phone beside the map that shows the pushes shoppers get, newest first, and on demand those that were held back.
 */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { ago, day, minute } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { logo } from '../../ui/widgets.js';
import { messageStatus, reasonText } from '../../ui/words.js';

/** @import {Message} from '../../types' */

const KEPT = 40;
const PREFILL_MINUTES = 60;
const SHOWN = new Set(['sent', 'unknown']);
const HELD = new Set(['skipped', 'failed', 'misconfigured']);
/** Events after each other by less than this are shown together. */
const REDRAW_MS = 350;

/** @param {() => void} click */
const connectButton = (click) =>
  h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      title: 'Connect a phone',
      'aria-label': 'Connect a phone',
      'data-testid': 'connect-phone',
      on: { click },
    },
    icon('phone', 16),
    'Connect',
  );

/** @param {Message} message */
const when = (message) => message.created_at ?? message.at ?? '';

/**
 * @param {{onWhy: (message: Message) => void, sender: string, onConnect: (() => void) | null}} options `sender` speaks
 *   where no shop does
 */
export function makePhone({ onWhy, sender, onConnect }) {
  /** @type {Map<string, Message>} */
  const messages = new Map();
  /** @type {Set<string>} */
  let shown = new Set();
  let timer = 0;

  const heldBox = h('input', { type: 'checkbox', 'data-testid': 'show-held', on: { change: draw } });
  const list = h('ol', {
    class: 'phone-list',
    'data-testid': 'phone-list',
    tabindex: 0,
    'aria-label': 'Pushes, newest first',
  });
  const time = h('span', { class: 'phone-clock' });
  const date = h('span', { class: 'phone-date' });
  const bar = h('span', null);
  const node = h(
    'section',
    { class: 'phone-panel', 'aria-label': 'What shoppers’ phones show' },
    h('div', { class: 'panel-head' }, h('h2', null, 'On shoppers’ phones'), onConnect && connectButton(onConnect)),
    h(
      'div',
      { class: 'phone', 'data-testid': 'phone' },
      h(
        'div',
        { class: 'phone-bar', 'aria-hidden': 'true' },
        bar,
        h('span', { class: 'phone-notch' }),
        h('span', { class: 'phone-battery' }),
      ),
      h('div', { class: 'phone-lock', 'aria-hidden': 'true' }, date, time),
      list,
    ),
    h('label', { class: 'check phone-held' }, heldBox, h('span', null, 'Also show what was held back')),
  );

  function tick() {
    fill(bar, minute(Date.now()));
    fill(time, minute(Date.now()));
    fill(date, day(Date.now()));
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('time')))
      fill(item, ago(item.getAttribute('datetime') ?? ''));
  }

  function draw() {
    const all = [...messages.values()].filter(
      ({ status }) => SHOWN.has(status) || (heldBox.checked && HELD.has(status)),
    );
    all.sort((a, b) => when(b).localeCompare(when(a)));
    const top = list.scrollTop < 40;
    fill(
      list,
      all.length
        ? all.slice(0, KEPT).map(card)
        : h(
            'li',
            { class: 'phone-none' },
            messages.size
              ? 'No push yet. What was held back can be shown below.'
              : 'No push yet. When a shopper enters a zone with a running campaign, it shows up here.',
          ),
    );
    if (top) list.scrollTop = 0;
    shown = new Set(messages.keys());
  }

  /** @param {Message} message */
  function card(message) {
    const held = HELD.has(message.status);
    const store = message.store_name ?? sender;
    return h(
      'li',
      {
        class: `push ${held ? 'push-held' : ''} ${shown.has(message.id) ? '' : 'push-new'}`,
        'data-testid': 'phone-message',
        'data-status': message.status,
      },
      logo(store, message.brand_color),
      h(
        'div',
        { class: 'push-head' },
        h('span', { class: 'push-store', title: store }, store),
        h('time', { datetime: when(message) }, ago(when(message))),
      ),
      h(
        'div',
        { class: 'push-text' },
        h('p', { class: 'push-title' }, message.title ?? message.campaign_name ?? 'Push'),
        message.body && h('p', { class: 'push-body' }, message.body),
        held &&
          h(
            'p',
            { class: 'push-reason' },
            `${messageStatus(message.status)}: ${reasonText(message.reason) || 'no reason given'}`,
          ),
        // the live stream names devices only, the list of messages people without one as well
        message.pseudonym &&
          message.has_device !== false &&
          h(
            'button',
            {
              type: 'button',
              class: 'link',
              'data-testid': 'why',
              'aria-label': `Why did this happen? ${message.title ?? ''}`,
              on: { click: () => onWhy(message) },
            },
            'why?',
          ),
      ),
    );
  }

  function keep() {
    const newest = [...messages.values()].sort((a, b) => when(b).localeCompare(when(a)));
    for (const old of newest.filter((message) => HELD.has(message.status)).slice(KEPT)) messages.delete(old.id);
    for (const old of newest.filter((message) => !HELD.has(message.status)).slice(KEPT)) messages.delete(old.id);
  }

  const ticker = window.setInterval(tick, 5000);
  tick();
  draw();

  return {
    node,
    /** @param {Message} message the same id again is the same push with a newer status */
    add(message) {
      messages.set(message.id, { ...messages.get(message.id), ...message });
      keep();
      if (!timer) {
        timer = window.setTimeout(() => {
          timer = 0;
          draw();
          tick();
        }, REDRAW_MS);
      }
    },
    /** The last pushes before the page was opened. @param {AbortSignal} signal */
    async prefill(signal) {
      const after = new Date(Date.now() - PREFILL_MINUTES * 60_000).toISOString();
      const { items } = await get('/v1/messages', { after, limit: 200 }, signal);
      for (const message of items) if (!messages.has(message.id)) messages.set(message.id, message);
      keep();
      draw();
      shown = new Set(messages.keys());
      tick();
    },
    stop() {
      window.clearInterval(ticker);
      window.clearTimeout(timer);
    },
  };
}
