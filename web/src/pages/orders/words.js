/** How orders and products stand, in words. Pure. */

/** @import {Order} from '../../types' */

/** @type {Record<string, string>} */
export const ORDER_STATUS = {
  pending: 'not paid yet',
  paid: 'paid',
  partially_refunded: 'partly refunded',
  refunded: 'refunded',
  cancelled: 'cancelled',
};
/** @param {string} status */
export const orderStatus = (status) => ORDER_STATUS[status] ?? status;

/** @type {Record<string, string>} */
const TONES = { paid: 'ok', partially_refunded: 'warn', refunded: 'warn', cancelled: 'bad', pending: 'info' };
/** @param {string} status */
export const orderTone = (status) => TONES[status] ?? 'quiet';

/** @type {Record<string, string | null>} */
const CHANNELS = { web: 'on the web', app: 'in the app', pos: 'in the store', phone: 'by telephone', other: null };
/** @param {string} channel */
export const orderChannel = (channel) => (channel in CHANNELS ? CHANNELS[channel] : channel);

/** `Train, Kite and 2 more` @param {Order['lines']} lines */
export function thingsWords(lines) {
  const names = lines.map((line) => line.name || line.sku || line.product_id || 'something');
  const more = names.length - 2;
  return names.slice(0, 2).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
