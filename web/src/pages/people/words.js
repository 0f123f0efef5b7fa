/** What a support screen calls ids, kinds of entries, consents and their states. Pure. */
import { CONSENT_STATES } from '../../ui/words.js';

/** @import {Entry, EntryKind} from '../../types' */

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
