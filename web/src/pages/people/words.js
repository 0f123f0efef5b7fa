/** What a support screen calls ids, kinds of entries, consents and their states. Pure. */
import { money } from '../../ui/format.js';
import { CONSENT_STATES } from '../../ui/words.js';

/** @import {CartLine, Entry, EntryKind, Overview, PersonHabit, ProfileDetail} from '../../types' */

/** @param {Record<string, string>} table */
const lookUp = (table) => (/** @type {string | null | undefined} */ key) =>
  key ? (table[key] ?? key.replaceAll('_', ' ')) : '';

export const idKind = lookUp({
  external_id: 'customer id',
  loyalty_card: 'loyalty card',
  source_id: 'id of another system',
  email: 'e-mail',
  phone: 'phone',
  anonymous_id: 'browser or app id',
  claim: 'claimed, not proven',
  order: 'order',
  device: 'device',
  profile: 'profile',
  name: 'name',
});

/** Kinds of entries: words and icon, in the order of the filter. @type {Record<EntryKind, [string, string]>} */
export const KINDS = {
  order: ['Orders', 'bag'],
  refund: ['Refunds', 'undo'],
  cart: ['Carts', 'cart'],
  visit: ['Visits', 'pin'],
  message: ['Messages', 'messages'],
  reply: ['Replies', 'reply'],
  event: ['Events', 'feed'],
  consent: ['Consents', 'shield'],
  note: ['Notes', 'note'],
  merge: ['Ids', 'link'],
};

/** How a status looks: ok, warn, bad, info or quiet. @type {Record<string, string>} */
const TONES = {
  paid: 'ok',
  refunded: 'warn',
  partially_refunded: 'warn',
  cancelled: 'bad',
  pending: 'info',
  opened: 'ok',
  received: 'ok',
  sent: 'ok',
  skipped: 'warn',
  failed: 'bad',
  misconfigured: 'bad',
  unknown: 'warn',
  abandoned: 'warn',
  open: 'info',
  subscribed: 'ok',
  unsubscribed: 'bad',
  granted: 'ok',
  denied: 'bad',
  there: 'info',
  different: 'warn',
};
/** @param {string | null} status */
export const tone = (status) => TONES[status ?? ''] ?? 'quiet';

const STATUS = lookUp({ skipped: 'held back', there: 'there now', misconfigured: 'set-up missing' });
/** @param {Entry} entry */
export const statusText = ({ kind, status }) =>
  kind === 'consent' ? lookUp(CONSENT_STATES)(status) : kind === 'visit' && status === 'left' ? '' : STATUS(status);

export const channelText = lookUp({
  push: 'push',
  web_push: 'web push',
  email: 'e-mail',
  sms: 'SMS',
  whatsapp: 'WhatsApp',
  viber: 'Viber',
  in_app: 'in the app',
});

/** @param {Overview['usual']} usual */
export function usualWords({ store_name: store, store_orders, store_of, hour, hour_orders, hour_of }) {
  const parts = [];
  if (store) parts.push(`Usually at ${store} (${store_orders} of ${store_of} orders)`);
  if (hour !== null) {
    const span = `between ${hour} and ${hour + 1} o’clock (${hour_orders} of ${hour_of})`;
    parts.push(store ? span : `Usually ${span}`);
  }
  return parts.length ? `${parts.join(', ')}.` : 'Too few purchases yet to say where and when they usually shop.';
}

/** Stages of a customer's life and degrees of decline: words and look. @type {Record<string, [string, string]>} */
export const STAGES = {
  new: ['new', 'info'],
  active: ['active', 'ok'],
  slowing: ['slowing down', 'warn'],
  at_risk: ['at risk', 'warn'],
  churned: ['churned', 'bad'],
  reactivated: ['back again', 'ok'],
};
/** @type {Record<string, [string, string]>} */
export const DECLINES = {
  slight: ['slight decline', 'warn'],
  marked: ['marked decline', 'warn'],
  severe: ['severe decline', 'bad'],
  gone: ['gone', 'bad'],
};

/** @param {number} share */
const percent = (share) => `${share < 0 ? '−' : '+'}${Math.abs(Math.round(100 * share))} %`;
/** @param {number} n */
const often = (n) => n.toLocaleString('en-GB', { maximumFractionDigits: n < 1 ? 2 : 1 });

/** How a person buys now against their own habit. @param {PersonHabit} habit @param {Date} now */
export function habitWords(habit, now) {
  const { typical_gap_days: gap, per_week_now, per_week_before, frequency_change, spend_change, long_gap_at } = habit;
  if (habit.decline === 'unknown' || gap === null) return 'Too few purchases yet to know a habit.';
  const parts = [`Usually every ${Math.round(gap)} days`];
  if (per_week_now !== null && per_week_before !== null && frequency_change !== null) {
    parts.push(`${often(per_week_now)} a week now, ${often(per_week_before)} before (${percent(frequency_change)})`);
  }
  if (spend_change !== null) parts.push(`spends ${percent(spend_change)}`);
  const isLong = long_gap_at !== null && new Date(long_gap_at) < now;
  return `${parts.join('; ')}.${isLong ? ' This gap is longer than four of five of theirs.' : ''}`;
}

/** 2, 0.75 @param {number} milli */
export const quantity = (milli) => (milli / 1000).toLocaleString('en-GB', { maximumFractionDigits: 3 });

/** What the lines are worth, by currency; a line without a price is said to be left out. @param {CartLine[]} lines */
export function cartValue(lines) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { currency, unit_price_minor, quantity_milli } of lines) {
    if (!currency || unit_price_minor === null) continue;
    sums.set(currency, (sums.get(currency) ?? 0) + (unit_price_minor * quantity_milli) / 1000);
  }
  const words = [...sums].map(([currency, sum]) => money(Math.round(sum), currency)).join(' + ');
  const unpriced = lines.filter((line) => !line.currency || line.unit_price_minor === null).length;
  if (!words) return lines.length === 1 ? 'One thing, without a price' : `${lines.length} things, without prices`;
  return unpriced ? `${words}, and ${unpriced} without a price` : words;
}

export const pointText = lookUp({
  reachable: 'works',
  unproven: 'not proven yet',
  bounced: 'came back',
  complained: 'they complained',
  stopped: 'they said STOP',
});
/** @param {string} state */
export const pointTone = (state) => (state === 'reachable' ? 'ok' : state === 'unproven' ? 'warn' : 'bad');

/** What a person is called; null when no name is known. @param {Pick<ProfileDetail, 'first_name' | 'attributes'>} profile */
export function personName({ first_name: first, attributes }) {
  const words = [first, attributes.last_name].filter((word) => typeof word === 'string' && word);
  return words.join(' ') || (typeof attributes.name === 'string' && attributes.name) || null;
}

/** `e-mail anna@example.com` @param {{kind: string, value: string} | undefined} one */
export const idWords = (one) => (one ? `${idKind(one.kind)} ${one.value}` : 'an id that is gone');

export const asideText = lookUp({
  limit: 'Joins nothing: the person would have too many ids of a kind.',
  shared: 'Joins nothing: one of the two belongs to many people.',
  different: 'Joins nothing: an operator said that they are two.',
});

/** `first_name` as `first name` @param {string} name */
export const traitName = (name) => name.replaceAll('_', ' ');

/** @param {any} value JSON */
export function traitValue(value) {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
