/** One message of the ledger: what it said, what became of it and why, and what can be done. */
import { post, queryString } from '../../api.js';
import { h } from '../../ui/dom.js';
import { clock, day } from '../../ui/format.js';
import { explain, logo, pill } from '../../ui/widgets.js';
import { may, messageStatus, reasonText } from '../../ui/words.js';
import { CHANNELS } from '../campaigns/words.js';
import { MINUTES } from '../explain/panel.js';

/** @import {Context, Message} from '../../types' */

/** @type {Record<string, string>} */
const TONES = {
  sent: 'ok',
  queued: 'info',
  sending: 'info',
  skipped: 'warn',
  failed: 'bad',
  misconfigured: 'bad',
  unknown: 'warn',
};

/** @param {{context: Context, message: Message, onRetried: () => void}} options */
export function messageRow({ context, message, onRetried }) {
  const at = message.created_at ?? message.at ?? '';
  const way = message.channels?.[0];
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'message-row' },
    logo(message.store_name ?? 'Mall', message.brand_color),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('strong', { class: 'breaks' }, message.title || message.campaign_name || 'Message'),
        pill(messageStatus(message.status), TONES[message.status]),
      ),
      message.body && h('p', { class: 'breaks' }, message.body),
      message.reason && h('p', null, why(message)),
      (message.passed_over ?? []).map(({ channel, text }) =>
        h('p', { 'data-testid': 'passed-over' }, `Not by ${CHANNELS[channel] ?? channel}: ${text}`),
      ),
      message.dead && !message.dead.retryable && h('p', { class: 'quiet' }, message.dead.text),
      message.provider_answer &&
        message.channel !== 'preview' &&
        h('p', { class: 'quiet breaks' }, `The other side said: ${message.provider_answer}`),
      h(
        'p',
        { class: 'quiet' },
        [
          day(at),
          clock(at),
          message.campaign_name,
          message.zone_name,
          way && way !== 'push' ? CHANNELS[way] : null,
          message.channel === 'preview' ? 'preview inbox' : null,
          message.opened_at ? 'opened' : message.received_at ? 'received' : null,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    ),
    h(
      'div',
      { class: 'row-actions' },
      message.dead?.retryable && may(context.me, 'edit') && retryButton(context, message, onRetried),
      message.pseudonym &&
        h(
          'a',
          {
            class: 'button button-small button-quiet',
            'data-testid': 'same-person',
            title: 'All messages of this person on that day',
            href: `/messages${queryString({ pseudonym: message.pseudonym, day: at.slice(0, 10) })}`,
          },
          'Same person',
        ),
      message.has_device &&
        h(
          'a',
          {
            class: 'button button-small',
            href: `/explain${queryString({ pseudonym: message.pseudonym, at, minutes: MINUTES })}`,
          },
          'Why?',
        ),
    ),
  );
}

/** @param {Message} message */
function why({ status, reason, blockers }) {
  if (status !== 'skipped') return `Reason: ${reasonText(reason)}`;
  const others = (blockers ?? []).filter((blocker) => blocker !== reason);
  return `Held back: ${reasonText(reason)}${others.length ? `; also ${others.map(reasonText).join(', ')}` : ''}`;
}

/** @param {Context} context @param {Message} message @param {() => void} onRetried */
function retryButton(context, message, onRetried) {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'data-testid': 'retry-one',
      on: {
        async click() {
          button.disabled = true;
          try {
            await post(`/v1/messages/${message.id}/retry`);
            context.toast('It waits to be sent again.');
            onRetried();
          } catch (error) {
            context.toast(explain(error), { tone: 'bad' });
            button.disabled = false;
          }
        },
      },
    },
    'Try again',
  );
  return button;
}
