/** The fourth tab: what customers wrote back, and answers. It looks for news while it is open. */

import { fill, h } from '../src/ui/dom.js';
import { call } from '../till/api.js';
import { complaint, key as newKey, trouble, waiting } from './pieces.js';
import { telling } from './telling.js';
import { moment, t } from './words.js';

/** @import {Canned, Conversation, Given, Text, Thread} from './types' */

const LOOK_MS = 10_000;
const SHOWN = 90; // signs of what was written last
const CHANNELS = { whatsapp: 'WhatsApp', viber: 'Viber', sms: 'SMS', email: 'E-mail' };
/** @type {Record<string, string>} */
const STATES = {
  queued: 'waiting',
  sending: 'waiting',
  sent: 'sent',
  delivered: 'sent',
  read: 'read',
  unknown: 'unknown',
};

/** @param {Given} given */
export function replies({ store, say, news }) {
  const talks = h('div', { class: 'goods', 'data-testid': 'conversations' }, waiting());
  const board = [h('h2', { tabindex: '-1' }, t('replies')), telling(), talks];
  const node = h('section', { 'aria-label': t('replies') }, board);
  /** What is looked at again while the tab is there: the list, or a conversation. @type {() => Promise<unknown>} */
  let look = list;
  const timer = setInterval(() => {
    if (!node.isConnected) clearInterval(timer);
    else if (!document.hidden) void look();
  }, LOOK_MS);
  const deaf = news((storeId) => {
    if (!node.isConnected) deaf();
    else if (storeId === null || storeId === store.id) void look();
  });
  void list();
  return node;

  async function list() {
    const answer = await call('GET', `/v1/conversations?store_id=${store.id}&status=all`);
    if (look !== list) return;
    if (answer.is !== 'done') return fill(talks, trouble(answer, list));
    /** @type {Conversation[]} */
    const items = answer.data.items;
    fill(talks, items.map(row), !items.length && h('p', { class: 'soft' }, t('replies.none')));
  }

  /** @param {Conversation} each */
  function row(each) {
    return h(
      'button',
      { type: 'button', class: 'talk', 'data-unread': String(each.unread > 0), on: { click: () => open(each) } },
      h('span', { class: 'what' }, each.name),
      h('span', { class: 'soft' }, `${CHANNELS[each.channel]} · ${moment(each.last_at)}`),
      h('span', { class: 'words', dir: 'auto' }, shortened(each.last_text)),
      each.unread > 0 && h('strong', null, t('unread', { n: each.unread })),
    );
  }

  /** @param {Conversation} chosen */
  async function open(chosen) {
    const texts = h('ul', { class: 'texts', 'data-testid': 'texts' }, waiting());
    const below = h('div', { class: 'last' });
    const heading = h('h2', { tabindex: '-1' }, chosen.name);
    const path = `/v1/conversations/${chosen.id}`;
    let key = newKey();
    let was = '';
    look = read;
    fill(
      node,
      h('button', { type: 'button', class: 'plain', on: { click: leave } }, t('back')),
      heading,
      h('p', { class: 'soft' }, CHANNELS[chosen.channel]),
      texts,
      below,
    );
    heading.focus();
    const field = h('textarea', { id: 'answer', rows: 3, maxlength: 4000, dir: 'auto', 'data-testid': 'answer' });
    const wrong = h('p', { class: 'bad', role: 'alert', hidden: true });
    const send = h('button', { type: 'button', class: 'main', 'data-testid': 'send', on: { click: go } }, t('send'));
    const canned = h('div', { class: 'canned', 'data-testid': 'canned' });
    await read();
    void ready();

    function leave() {
      look = list;
      fill(node, board);
      void list();
    }

    async function read() {
      const answer = await call('GET', path);
      if (look !== read) return;
      if (answer.is !== 'done') return was ? undefined : fill(texts, h('li', null, trouble(answer, read)));
      /** @type {Thread} */
      const thread = answer.data;
      const is = JSON.stringify([thread.messages, thread.why_not, thread.window_ends_at]);
      if (is === was) return; // what is being typed, and where somebody has scrolled, stays
      was = is;
      fill(texts, thread.messages.map(told));
      const until = thread.window_ends_at && t('window', { time: moment(thread.window_ends_at) });
      if (!thread.why_not && !field.isConnected)
        fill(
          below,
          until && h('p', { class: 'soft' }, until),
          h('label', { for: 'answer' }, t('answer')),
          field,
          wrong,
          send,
          canned,
        );
      if (thread.why_not)
        fill(below, h('p', { class: 'card', role: 'status', 'data-testid': 'closed' }, t(`closed.${thread.why_not}`)));
      texts.lastElementChild?.scrollIntoView({ block: 'nearest' });
      if (thread.unread) await call('PATCH', path, { read: true });
    }

    /** Answers that were written before: a tap puts one into the field, where it can still be changed. */
    async function ready() {
      const answer = await call('GET', '/v1/canned-answers');
      if (answer.is !== 'done') return;
      /** @type {Canned[]} */
      const all = answer.data.items.filter((/** @type {Canned} */ each) => [null, store.id].includes(each.store_id));
      fill(
        canned,
        all.length > 0 && h('p', { class: 'soft' }, t('canned')),
        all.map((each) =>
          h(
            'button',
            {
              type: 'button',
              on: {
                click: () => {
                  field.value = each.text;
                  field.focus();
                },
              },
            },
            each.title,
          ),
        ),
      );
    }

    async function go() {
      const text = field.value.trim();
      if (!text) return field.focus();
      send.disabled = true;
      const answer = await call('POST', `${path}/answers`, { text }, { 'Idempotency-Key': key });
      send.disabled = false;
      wrong.hidden = answer.is === 'done';
      if (answer.is !== 'done') {
        wrong.textContent = answer.is === 'ended' ? t('log.in.first') : complaint(answer);
        if (answer.is === 'refused') key = newKey(); // it is said that nothing was sent
        return;
      }
      key = newKey();
      field.value = '';
      say(t('state.waiting'));
      await read();
    }
  }
}

/** @param {string} text */
const shortened = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** @param {Text} each */
function told(each) {
  const state = each.direction === 'in' ? '' : ` · ${t(`state.${STATES[each.status] ?? 'failed'}`)}`;
  const who = each.direction === 'in' ? '' : `${each.by ?? t('you')} · `;
  return h(
    'li',
    { class: each.direction },
    h('p', { dir: 'auto' }, each.text),
    h('p', { class: 'soft' }, `${who}${moment(each.at)}${state}`),
  );
}
