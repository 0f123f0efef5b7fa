/** How endpoints of other systems and their deliveries are, in words. Pure. */
import { ago, minute, moment, number } from '../../ui/format.js';

/**
 * @typedef {object} Webhook an item of GET /v1/webhooks
 * @property {string} id
 * @property {string} name
 * @property {string} url
 * @property {string[]} types
 * @property {string[] | null} store_ids
 * @property {boolean} with_people
 * @property {'active' | 'disabled'} status
 * @property {'gone' | 'dead' | 'secret' | 'by_hand' | null} disabled_reason
 * @property {string | null} disabled_at
 * @property {number} failures
 * @property {string | null} failing_since
 * @property {string | null} delivered_at
 * @property {number} position
 * @property {number} pending
 * @property {number} behind
 * @property {string | null} old_secret_until
 * @property {number} version
 * @property {string} created_at
 */
/** @typedef {{at: string, status: number | null, took_ms: number, answer: string}} Try */
/**
 * @typedef {object} Delivery an item of GET /v1/webhooks/{id}/deliveries
 * @property {string} message_id
 * @property {number} position
 * @property {string} type
 * @property {'pending' | 'delivered' | 'failed' | 'erased' | 'expired'} status
 * @property {number} attempts
 * @property {string | null} next_at
 * @property {string} planned_at
 * @property {string | null} finished_at
 * @property {Try[]} tries
 */

/** What can be subscribed to, in groups: legend, then type and words. @type {[string, [string, string][]][]} */
export const TYPES = [
  [
    'Visits',
    [
      ['zone.entered', 'entered'],
      ['zone.dwelled', 'stayed'],
      ['zone.exited', 'left'],
      ['zone.revised', 'corrected'],
      ['zone.retracted', 'taken back'],
    ],
  ],
  [
    'Messages',
    [
      ['message.queued', 'queued'],
      ['message.sent', 'sent'],
      ['message.received', 'received'],
      ['message.shown', 'card shown'],
      ['message.opened', 'opened'],
      ['message.clicked', 'clicked'],
      ['message.dismissed', 'dismissed'],
      ['message.skipped', 'held back'],
      ['message.failed', 'failed'],
      ['message.misconfigured', 'set-up missing'],
      ['message.unknown', 'unknown'],
    ],
  ],
  [
    'Shops',
    [
      ['order.placed', 'order placed'],
      ['order.updated', 'order changed'],
      ['order.cancelled', 'order cancelled'],
      ['order.refunded', 'order refunded'],
      ['cart.abandoned', 'cart abandoned'],
      ['cart.recovered', 'cart recovered'],
    ],
  ],
  [
    'People',
    [
      ['reply.received', 'somebody wrote'],
      ['profile.created', 'person new'],
      ['profile.merged', 'two became one'],
      ['profile.unmerged', 'one became two'],
      ['segment.entered', 'came into a segment'],
      ['segment.exited', 'left a segment'],
      ['segment.rebuilt', 'segment rebuilt'],
    ],
  ],
  [
    'The rest',
    [
      ['consent.changed', 'consent changed'],
      ['campaign.changed', 'campaign changed'],
      ['content.changed', 'content item changed'],
      ['venue.changed', 'zones changed'],
      ['sending.stopped', 'sending stopped'],
      ['sending.resumed', 'sending resumed'],
      ['metric.alerted', 'metric off its course'],
      ['webhook.disabled', 'webhook disabled'],
    ],
  ],
];

const WHY_DISABLED = {
  gone: 'its receiver answered “gone”',
  dead: 'it failed for three days',
  secret: 'its secret cannot be read any more: rotate it',
  by_hand: 'switched off here',
};

/** So many deliveries of an endpoint wait at most; what is behind them stays in the ledger. */
const WINDOW = 1000;
const DAY_MS = 86_400_000;
/** `09:12` today, else with its date. @param {string} at @param {number} [now] */
const when = (at, now = Date.now()) => (now - new Date(at).getTime() < DAY_MS ? minute(at) : moment(at));

/** @param {Webhook} webhook @param {number} [now] @returns {{text: string, tone: string}} */
export function webhookState({ status, failing_since, delivered_at }, now) {
  if (status === 'disabled') return { text: 'disabled', tone: 'bad' };
  if (failing_since) return { text: `fails since ${when(failing_since, now)}`, tone: 'warn' };
  return delivered_at ? { text: 'works', tone: 'ok' } : { text: 'nothing sent yet', tone: 'quiet' };
}

/** Why nothing is sent, or what waits; null when all is well. @param {Webhook} webhook */
export function webhookTrouble({ status, disabled_reason, disabled_at, failing_since, failures, pending, behind }) {
  if (status === 'disabled') {
    const since = disabled_at ? ` since ${moment(disabled_at)}` : '';
    return `Nothing is sent${since}: ${WHY_DISABLED[disabled_reason ?? 'by_hand']}. What happens meanwhile waits, up to thirty days.`;
  }
  if (!failing_since) return null;
  const more = pending >= WINDOW && behind > 0 ? ' and more are behind them' : '';
  const waits = pending > 0 ? ` ${number(pending)} ${pending === 1 ? 'waits' : 'wait'}${more}.` : '';
  return `${number(failures)} ${failures === 1 ? 'request' : 'requests'} failed in a row.${waits} Nothing is lost: each is tried ten times over three days.`;
}

/** @param {string[]} types */
export function typesText(types) {
  if (types.length === 0) return 'Everything';
  return types.length > 4 ? `${types.slice(0, 3).join(', ')} and ${types.length - 3} more` : types.join(', ');
}

/** The host of an address, which is what people know it by. @param {string} url */
export function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** @type {Record<Delivery['status'], {text: string, tone: string}>} */
const DELIVERY = {
  pending: { text: 'waits', tone: 'info' },
  delivered: { text: 'delivered', tone: 'ok' },
  failed: { text: 'given up', tone: 'bad' },
  erased: { text: 'erased', tone: 'quiet' },
  expired: { text: 'too old', tone: 'warn' },
};
export const DELIVERY_STATUS = /** @type {[string, string][]} */ (
  Object.entries(DELIVERY).map(([status, { text }]) => [status, text])
);

/** @param {Delivery} delivery */
export const deliveryState = ({ status, attempts }) =>
  status === 'pending' && attempts > 0 ? { text: 'tries again', tone: 'warn' } : DELIVERY[status];

/** What became of it, when. @param {Delivery} delivery @param {number} [now] */
export function deliveryWords({ status, attempts, next_at, finished_at }, now = Date.now()) {
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`;
  if (status === 'pending') {
    if (attempts === 0) return 'not tried yet';
    const due = new Date(next_at ?? now).getTime();
    return `${tries}, the next ${due <= now ? 'now' : moment(due)}`;
  }
  if (status === 'erased') return 'what it was about was erased before it went out';
  if (status === 'expired') return 'the ledger does not hold it any more';
  return `${tries}, ${status === 'failed' ? 'given up ' : ''}${ago(finished_at ?? now, now)}`;
}

/** An answer as one line. @param {{status: number | null, took_ms: number, answer: string}} answer */
export function answerWords({ status, took_ms, answer }) {
  const said = answer ? `: ${answer}` : '';
  return status === null ? `no answer${said}` : `${status} in ${number(took_ms)} ms${said}`;
}
