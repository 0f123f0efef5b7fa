/** Numbers of a proof as people say them. */
import { digitsOf } from '../../ui/decimals.js';
import { money } from '../../ui/format.js';

const SHARES = new Set(['conversion', 'churn']);
const minus = (/** @type {string} */ text) => text.replace('-', '−');

/** @param {number} value */
const signed = (value) => (value > 0 ? '+' : '');

/** A mean: a share as `12.3 %`, money as money. @param {string} outcome @param {number | null} value @param {string | null} currency */
export function amountText(outcome, value, currency) {
  if (value === null) return '–';
  return minus(SHARES.has(outcome) ? `${(100 * value).toFixed(1)} %` : money(value, currency));
}

/** A difference. @param {string} outcome @param {number} value @param {string | null} currency */
export function differenceText(outcome, value, currency) {
  const text = SHARES.has(outcome) ? `${(100 * value).toFixed(1)} of 100 people` : money(value, currency);
  return minus(`${signed(value)}${text}`);
}

/** A return or growth: `+85 %`. @param {number | null} value */
export function percentText(value) {
  return value === null ? '–' : minus(`${signed(value)}${(100 * value).toFixed(0)} %`);
}

/** @param {string} on a date */
export function dayText(on) {
  const options = /** @type {const} */ ({ day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return new Date(`${on}T00:00:00Z`).toLocaleDateString('en-GB', options);
}

/** @param {string} on a date in the month */
export function monthText(on) {
  return new Date(`${on}T00:00:00Z`).toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
}

/** What a thousand messages cost, as it is typed: 1250 CHF → `12.50`. @param {number} minor @param {string} currency */
export const typed = (minor, currency) => (minor / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));

/** @type {Record<string, [string, string]>} verdict → words and tone */
export const VERDICTS = {
  worked: ['It worked', 'ok'],
  harmed: ['It did harm', 'bad'],
  no_effect: ['No difference', 'info'],
  not_enough: ['Not enough people', 'warn'],
  too_early: ['Too early', 'quiet'],
  no_holdout: ['Nobody held back', 'warn'],
};

export const OUTCOMES = /** @type {[string, string][]} */ ([
  ['conversion', 'how many people buy'],
  ['revenue', 'revenue'],
  ['churn', 'customers lost'],
  ['ltv', 'lifetime value'],
]);
