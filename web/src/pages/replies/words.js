/** The words of the page of replies. */
import { duration } from '../../ui/format.js';

/** @import {Conversation} from '../../types_replies' */

/** @type {Record<Conversation['channel'], string>} */
export const CHANNEL = { whatsapp: 'WhatsApp', sms: 'SMS', viber: 'Viber', email: 'E-mail' };

/** @type {Record<NonNullable<Conversation['why_not']>, string>} */
const WHY_NOT = {
  'window-closed':
    'WhatsApp takes free texts for 24 hours after they wrote, and those are over. Send a template, or wait until they write again.',
  stopped: 'They said STOP. You can answer when they write again.',
  refused: 'They want no messages by this channel.',
  'no-address': 'Nothing arrives at this address, or nobody has proven that it is theirs.',
  'no-sender': 'The account that they wrote to is gone. Set it up again under Apps.',
};

/** @type {Record<string, string>} */
export const STATUS = {
  queued: 'on its way',
  sending: 'on its way',
  sent: 'sent',
  delivered: 'arrived',
  read: 'read',
  skipped: 'not sent: they may not be written to any more',
  failed: 'failed',
  misconfigured: 'waits: the account does not work',
  unknown: 'sent, but nobody knows whether it arrived',
};

/** Why there is no answer box. @param {Conversation} one */
export const whyNot = (one) => (one.why_not ? WHY_NOT[one.why_not] : '');

/** How long WhatsApp still takes a text; '' where there is no such limit. @param {Conversation} one @param {number} [now] */
export function windowWords(one, now = Date.now()) {
  if (!one.window_ends_at || !one.can_answer) return '';
  const left = Math.max(0, (new Date(one.window_ends_at).getTime() - now) / 1000);
  if (left < 60) return 'Less than a minute left to answer';
  return `${duration(Math.floor(left / 60) * 60)} left to answer`;
}
