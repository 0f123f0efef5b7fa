/** What offers give and how they stand, in words; amounts between what people type and minor units. */
import { digitsOf } from '../../ui/decimals.js';
import { money, number } from '../../ui/format.js';

/**
 * @typedef {Record<string, any>} Offer of GET /v1/offers
 * @typedef {{store_id: string | null, amount_minor: number | null, uses: number | null, held_minor: number, held_uses: number,
 *   spent_minor: number, spent_uses: number}} Budget
 * @typedef {{id: string, name: string}} Named
 */

/** @type {[string, string][]} */
export const KINDS = [
  ['percent', 'Percent off'],
  ['amount', 'An amount off'],
  ['second_item', 'Second item cheaper'],
  ['buy_get', 'Buy some, get some free'],
  ['gift', 'A gift'],
  ['free_delivery', 'Free delivery'],
  ['bundle', 'A set for one price'],
  ['cross_sell', 'Another product cheaper'],
];
/** @type {[string, string][]} */
export const AMONG = [
  ['any', 'in pairs, dearest first: the cheaper of each pair'],
  ['same_category', 'the same, in pairs of one category'],
  ['cheapest', 'the cheaper half of all pieces'],
];
/** @type {[string, string][]} */
export const DEGREES = [
  ['none', 'buys as always'],
  ['slight', 'buys a little less than usual'],
  ['marked', 'buys clearly less than usual'],
  ['severe', 'buys far less than usual'],
  ['gone', 'has stopped buying'],
  ['unknown', 'nobody can judge yet'],
];
/** @type {[string, string][]} */
export const CHANNELS = [
  ['web', 'Web'],
  ['app', 'App'],
  ['pos', 'Till'],
  ['phone', 'Telephone'],
  ['other', 'Other'],
];
/** @type {Record<string, [string, string]>} */
const STATUS = {
  draft: ['draft', 'quiet'],
  active: ['on', 'ok'],
  paused: ['paused', 'warn'],
  archived: ['archived', 'quiet'],
};
/** @type {Record<string, [string, string]>} */
export const COUPON_STATUS = {
  reserved: ['on its way', 'info'],
  committed: ['with the customer', 'ok'],
  redeemed: ['used', 'info'],
  released: ['void', 'quiet'],
};
/** @type {Record<string, string>} */
export const RELEASED = {
  failed: 'its message did not arrive',
  expired: 'it got too old',
  budget: 'the budget did not reach when its order came back',
};

/** How an offer stands now. @param {Offer} offer @returns {{text: string, tone: string}} */
export function offerState(offer) {
  const [text, tone] = STATUS[offer.status];
  if (offer.status !== 'active') return { text, tone };
  if (offer.valid_to && new Date(offer.valid_to) <= new Date()) return { text: 'over', tone: 'quiet' };
  if (offer.valid_from && new Date(offer.valid_from) > new Date()) return { text: 'begins later', tone: 'info' };
  return { text, tone };
}

/** Minor units as one types them: 1250 → "12.50". @param {number | null | undefined} minor @param {string} currency */
export function typed(minor, currency) {
  if (minor === null || minor === undefined) return '';
  const digits = digitsOf(currency);
  return (minor / 10 ** digits).toFixed(digits);
}

/** What somebody typed as minor units; null for nothing, NaN for what is no amount. @param {string} text @param {string} currency */
export function minorOf(text, currency) {
  const plain = text.trim().replace(',', '.');
  if (!plain) return null;
  if (!/^\d{1,12}(\.\d+)?$/.test(plain)) return NaN;
  return Math.round(Number(plain) * 10 ** digitsOf(currency));
}

/** How much of a budget is gone, from 0 to 1: spent, and promised. @param {Budget} budget */
export function shares(budget) {
  const byMoney = budget.amount_minor !== null;
  const all = (byMoney ? budget.amount_minor : budget.uses) || 1;
  const spent = byMoney ? budget.spent_minor : budget.spent_uses;
  const held = byMoney ? budget.held_minor : budget.held_uses;
  return { spent: Math.min(1, spent / all), held: Math.min(1, held / all) };
}

/** What an offer gives, with the span of its sizes where they go by the customer. @param {Offer} offer */
export function givesText(offer) {
  const sizes = /** @type {number[]} */ (Object.values(offer.tiers));
  if (!sizes.length || offer.label) return offer.shown_label;
  const said = (/** @type {number} */ n) => (offer.benefit.kind === 'amount' ? money(n, offer.currency) : `${n} %`);
  const [least, most] = [said(Math.min(...sizes)), said(Math.max(...sizes))];
  const words = offer.benefit.kind === 'second_item' ? 'off a second piece' : 'off';
  return `${least === most ? least : `${least} to ${most}`} ${words}, by how the customer’s buying has changed`;
}

/** @param {Offer} offer */
export const usedText = ({ uses, discount_minor, currency }) =>
  uses === 0
    ? 'not used yet'
    : `used ${uses === 1 ? 'once' : `${number(uses)} times`}, for ${money(discount_minor, currency)}`;

/** @param {Budget} budget @param {string} currency */
export function budgetText(budget, currency) {
  const parts = [];
  if (budget.amount_minor !== null)
    parts.push(
      `${money(budget.spent_minor, currency)} spent and ${money(budget.held_minor, currency)} promised of ${money(budget.amount_minor, currency)}`,
    );
  if (budget.uses !== null)
    parts.push(`${number(budget.spent_uses)} used and ${number(budget.held_uses)} promised of ${number(budget.uses)}`);
  return parts.join(' · ');
}

/** On what an offer is. @param {Offer} offer */
export function targetText(offer) {
  const { product_ids, categories, brands } = offer.targets;
  const names = productNames(offer);
  const parts = [
    ...product_ids.map((/** @type {string} */ id) => names.get(id) ?? 'a product that is gone'),
    ...categories,
    ...brands,
  ];
  return parts.length ? parts.join(', ') : 'everything in the cart';
}

/** @param {Offer} offer @returns {Map<string, string>} */
export const productNames = (offer) => new Map(offer.products.map((/** @type {Named} */ { id, name }) => [id, name]));
