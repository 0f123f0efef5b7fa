/**
 * Times, numbers, colours and initials as people read them. Times are shown in one zone, the tenant's, so that two
 * operators on the telephone mean the same minute.
 */

import { digitsOf } from './decimals.js';

let zone = 'UTC';
/** @param {string} name an IANA time zone */
export function setTimeZone(name) {
  zone = name;
}

/** @param {Intl.DateTimeFormatOptions} options */
const formatter = (options) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });

/** 14:32:05 @param {string | number} at */
export const clock = (at) => formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at));
/** 14:32 @param {string | number} at */
export const minute = (at) => formatter({ hour: '2-digit', minute: '2-digit' }).format(new Date(at));
/** Mon 23 November @param {string | number} at */
export const day = (at) => formatter({ weekday: 'short', day: 'numeric', month: 'long' }).format(new Date(at));
/** 23 Nov 2026, 14:32 @param {string | number} at */
export const moment = (at) =>
  formatter({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(
    new Date(at),
  );

/** `now`, `20 s ago`, `4 min ago`, else the time. @param {string | number} at @param {number} [now] */
export function ago(at, now = Date.now()) {
  const seconds = Math.round((now - new Date(at).getTime()) / 1000);
  if (seconds < 5) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return minute(at);
}

/** The value of a datetime-local field in the shown zone, or ''. @param {string | null | undefined} at */
export function toLocalField(at) {
  if (!at) return '';
  const parts = formatter({
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(new Date(at));
  const of = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${of.year}-${of.month}-${of.day}T${of.hour}:${of.minute}`;
}

/**
 * The UTC time of a datetime-local value in the shown zone, or null. In the hour a clock change repeats, the first one.
 * @param {string} value
 * @returns {string | null}
 */
export function fromLocalField(value) {
  if (!value) return null;
  const wanted = Date.parse(`${value}Z`);
  let guess = wanted;
  // two rounds settle the offset also across a change of clocks
  for (let i = 0; i < 2; i++) {
    const shown = Date.parse(`${toLocalField(new Date(guess).toISOString())}Z`);
    guess += Date.parse(`${value.slice(0, 16)}Z`) - shown;
  }
  return new Date(guess).toISOString();
}

/** @param {number | null | undefined} value */
export const number = (value) => (value === null || value === undefined ? '–' : value.toLocaleString('en-GB'));

/**
 * An amount as people write it: CHF 12.50. A currency has its own number of decimals (¥ has none, and so has the amount).
 * @param {number | null | undefined} minor in the currency's smallest unit
 * @param {string | null | undefined} currency
 */
export function money(minor, currency) {
  if (minor === null || minor === undefined || !currency) return '–';
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency, currencyDisplay: 'code' });
  return format.format(minor / 10 ** digitsOf(currency)).replaceAll('\u00a0', ' ');
}

/** `45 s`, `2 min`, `1 h 30 min` @param {number} seconds */
export function duration(seconds) {
  if (seconds < 120 && seconds % 60 !== 0) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120 && minutes % 60 !== 0) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

/** Up to two letters that stand for a name. @param {string | null | undefined} name */
export function initials(name) {
  const words = (name ?? '').match(/[\p{L}\p{N}]+/gu) ?? ['?'];
  const letters = words.length > 1 ? [words[0][0], words[1][0]] : [...words[0]].slice(0, 2);
  return letters.join('').toUpperCase();
}

const HEX = /^#[0-9a-f]{6}$/i;

/** A colour that is safe to use: the given one, or a calm default. @param {string | null | undefined} value */
export const colour = (value, fallback = '#55708a') => (value && HEX.test(value) ? value : fallback);

/** Relative luminance (WCAG 2). @param {string} hex */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const INK = '#14202b';

/** @param {string} a @param {string} b */
function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** Letters on a brand colour that read well (AA): white or ink; a colour between the two is darkened a little. @param {string} hex */
export function onBrand(hex) {
  if (contrast(hex, '#ffffff') >= 4.5) return { background: hex, color: '#ffffff' };
  if (contrast(hex, INK) >= 4.5) return { background: hex, color: INK };
  return { background: readable(hex), color: '#ffffff' };
}

/** The colour mixed with white; `share` is how much of it stays. @param {string} hex @param {number} share */
export function tint(hex, share) {
  const mixed = [1, 3, 5].map((i) => Math.round(parseInt(hex.slice(i, i + 2), 16) * share + 255 * (1 - share)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}

/** The colour darkened until it reads on white (AA). @param {string} hex */
export function readable(hex) {
  let [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  let out = hex;
  while (contrast(out, '#ffffff') < 4.6) {
    [r, g, b] = [r, g, b].map((c) => Math.floor(c * 0.9));
    out = `#${[r, g, b].map((c) => c.toString(16).padStart(2, '0')).join('')}`;
  }
  return out;
}

/** 12.3 @param {number} value */
export const round1 = (value) => value.toLocaleString('en-GB', { maximumFractionDigits: 1 });
