/**
 * What happens, line by line as it happens: zone events and messages, newest first, never faster than people read.
 */
import { fill, h } from '../../ui/dom.js';
import { clock } from '../../ui/format.js';
import { eventKind, reasonText } from '../../ui/words.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Message, ZoneEvent} from '../../types' */

const LINE_GAP_MS = 334;
const MAX_LINES = 60;
const MAX_WAITING = 12;

/** @param {{onWhy: (message: Message) => void}} options */
export function makeFeed({ onWhy }) {
  const list = h('ol', {
    class: 'feed-list',
    'data-testid': 'feed',
    tabindex: 0,
    'aria-label': 'Latest events, newest first',
  });
  const skippedNote = h('span', { class: 'feed-skipped' });
  const none = h(
    'p',
    { class: 'feed-none' },
    'Quiet so far. Shoppers who enter a zone and the pushes they get show up here.',
  );
  const node = h(
    'section',
    { class: 'feed', 'aria-label': 'Live feed' },
    h('div', { class: 'panel-head' }, h('h2', null, 'Happening now'), skippedNote),
    none,
    list,
  );
  /** @type {HTMLElement[]} */
  let waiting = [];
  let left = 0;
  let timer = 0;

  /** @param {HTMLElement} line */
  function add(line) {
    none.hidden = true;
    waiting.push(line);
    if (waiting.length > MAX_WAITING) {
      waiting = waiting.slice(-MAX_WAITING);
      left += 1;
    }
    if (!timer) release();
  }

  function release() {
    timer = 0;
    const line = waiting.shift();
    if (!line) return;
    list.prepend(line);
    while (list.children.length > MAX_LINES) list.lastElementChild?.remove();
    fill(skippedNote, left > 0 && `+ ${left} more`);
    timer = window.setTimeout(release, LINE_GAP_MS);
  }

  /** @param {string} at @param {string} tone @param {string} word @param {string} text @param {Child} [end] */
  function line(at, tone, word, text, end) {
    return h(
      'li',
      { class: `feed-line feed-${tone}` },
      h('time', { datetime: at }, clock(at)),
      h('b', null, word),
      h('span', { class: 'feed-text' }, text),
      end,
    );
  }

  return {
    node,
    /** @param {ZoneEvent} event */
    zoneEvent(event) {
      const reason =
        event.kind === 'exited' && event.reason && event.reason !== 'left'
          ? ` (${event.reason.replaceAll('_', ' ')})`
          : '';
      add(line(event.at, event.kind, eventKind(event.kind), event.zone_name + reason));
    },
    /** @param {Message} message */
    message(message) {
      const at = message.at ?? message.created_at ?? new Date().toISOString();
      const sent = message.status === 'sent';
      const word = sent ? 'push' : message.status === 'skipped' ? 'held back' : message.status;
      const what = sent
        ? message.title
        : `${message.campaign_name ?? message.title ?? 'push'}: ${reasonText(message.reason)}`;
      const why = h('button', { type: 'button', class: 'link', on: { click: () => onWhy(message) } }, 'why?');
      add(
        line(
          at,
          sent ? 'push' : 'held',
          word,
          `${message.store_name ? `${message.store_name}: ` : ''}${what ?? ''}`,
          message.pseudonym && why,
        ),
      );
    },
    stop: () => window.clearTimeout(timer),
  };
}
