/** How an app's ways to its phones are, and the sources of events and orders, in words. */
import { ago, moment } from '../../ui/format.js';

/**
 * @typedef {object} Sender what GET /v1/apps/{id}/firebase answers
 * @property {string} project_id
 * @property {string} client_email
 * @property {'unchecked' | 'works' | 'fails'} status
 * @property {string | null} since
 * @property {string | null} checked_at
 * @property {string | null} detail
 * @property {string | null} paused_until
 */

const DAY_MS = 86_400_000;

/** `09:12` today, else with its date. @param {string} at @param {number} [now] */
const when = (at, now = Date.now()) => (now - new Date(at).getTime() < DAY_MS ? moment(at).split(', ')[1] : moment(at));

/** @param {Pick<Sender, 'status' | 'since'>} sender @param {number} [now] @returns {{text: string, tone: string}} */
export function senderState({ status, since }, now) {
  if (status === 'works') return { text: 'works', tone: 'ok' };
  if (status === 'fails') return { text: since ? `fails since ${when(since, now)}` : 'fails', tone: 'bad' };
  return { text: 'not checked yet', tone: 'quiet' };
}

/** @param {Pick<Sender, 'checked_at' | 'paused_until'>} sender @param {number} [now] @param {string} [who] */
export function checkedWords({ checked_at, paused_until }, now = Date.now(), who = 'Google') {
  const paused = paused_until && new Date(paused_until).getTime() > now;
  return [
    checked_at ? `Checked ${ago(checked_at, now)}.` : 'Never checked.',
    paused && `${who} asked for a pause until ${when(paused_until, now)}; messages wait so long.`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** How a test device is told from the others. @param {TestDevice} device */
export function deviceWords({ platform, client, pseudonym, push, connected_at, created_at }) {
  const name = { android: 'Android', ios: 'iPhone', web: 'Browser' }[platform] ?? platform;
  const way = push ? `push by ${{ fcm: 'Firebase', webpush: 'web push' }[push] ?? push}` : 'no push address';
  return `${client ?? name} · ${pseudonym} · since ${when(connected_at ?? created_at)} · ${way}`;
}

/**
 * @typedef {object} TestDevice an item of GET /v1/devices
 * @property {string} id
 * @property {string} app_id
 * @property {string} platform
 * @property {string | null} client
 * @property {string} pseudonym
 * @property {string | null} push
 * @property {string | null} connected_at
 * @property {string} created_at
 */

const REJECTIONS = /** @type {Record<string, string>} */ ({
  unreadable: 'an event is no JSON object',
  too_large: 'an event has more than 32 KB',
  too_many: 'a batch has more than 2,500 events',
  too_deep: 'an event is nested too deeply',
  no_type: 'no type of Segment’s',
  no_user_anon_id: 'neither userId nor anonymousId, or one like “null”',
  id_too_long: 'an id of more than 255 characters',
  message_id_too_long: 'a messageId of more than 100 characters',
  name_too_long: 'a name of more than 255 characters',
  no_event_name: 'a track call without event',
  no_group_id: 'a group call without groupId',
  no_previous_id: 'an alias without previousId and userId',
  other_write_key: 'a message with another write key than its batch',
  not_stored: 'it could not be stored, which is our fault',
  no_order_id: 'an order event without order_id: kept, no order',
  no_currency: 'an order without currency: kept, no order',
  no_product_id: 'a cart event without product: kept, no change of the cart',
  bad_amount: 'an amount that is none: kept, no order',
  order_unknown: 'a change of an order that never came: kept, no order',
  refund_amount_unknown: 'a refund without amount: taken for the whole order',
  cart_full: 'more than 200 things in a cart: kept, no change of the cart',
  browser_order: 'an order told by a browser: kept, no order',
});

/** Why an event was refused. @param {string} reason */
export const rejectionText = (reason) => REJECTIONS[reason] ?? reason;

/**
 * @typedef {object} Connection an item of GET /v1/connections
 * @property {string} id
 * @property {string} name
 * @property {string} shop
 * @property {string} url
 * @property {boolean} has_token
 * @property {string | null} last_delivery_at
 * @property {string | null} reconciled_at
 * @property {string | null} reconcile_error
 * @property {string | null} closed_at
 */

/**
 * @typedef {object} Delivery an item of GET /v1/connections/{id}/deliveries
 * @property {string} id
 * @property {string} topic
 * @property {string} received_at
 * @property {'waiting' | 'done' | 'unused' | 'failed' | 'open'} status
 * @property {string | null} note
 */

/** @param {Pick<Connection, 'last_delivery_at' | 'reconcile_error' | 'closed_at'>} connection @returns {{text: string, tone: string}} */
export function connectionState({ last_delivery_at, reconcile_error, closed_at }) {
  if (closed_at) return { text: 'closed by the shop', tone: 'quiet' };
  if (reconcile_error) return { text: 'not read', tone: 'bad' };
  return last_delivery_at ? { text: 'delivers', tone: 'ok' } : { text: 'waits for its first delivery', tone: 'quiet' };
}
