/**
 * Days, ISO weeks and months as the footfall page speaks of them. Pure: dates are `YYYY-MM-DD` of the mall's own
 * calendar, so no time zone comes in but for "today".
 */

/** @typedef {'day' | 'week' | 'month'} Period */

export const PERIODS = /** @type {[Period, string][]} */ ([
  ['day', 'Day'],
  ['week', 'Week'],
  ['month', 'Month'],
]);
const DAY_MS = 86_400_000;

/** @param {string} on */
const time = (on) => Date.parse(`${on}T00:00:00Z`);
/** @param {number} at */
const iso = (at) => new Date(at).toISOString().slice(0, 10);
/** @param {Intl.DateTimeFormatOptions} options @param {string} on */
const say = (options, on) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options }).format(time(on)).replace(',', '');

/** @param {string | null} text */
export const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text ?? '') && !Number.isNaN(time(text ?? ''));

/** @param {string} on @param {number} days */
export const addDays = (on, days) => iso(time(on) + days * DAY_MS);

/** Monday is 0. @param {string} on */
export const weekday = (on) => (new Date(time(on)).getUTCDay() + 6) % 7;

/** First and last day of the period that holds a day. @param {Period} period @param {string} on */
export function span(period, on) {
  if (period === 'day') return { from: on, to: on };
  if (period === 'week') return { from: addDays(on, -weekday(on)), to: addDays(on, 6 - weekday(on)) };
  const from = `${on.slice(0, 7)}-01`;
  return { from, to: addDays(addMonths(from, 1), -1) };
}

/** @param {string} first of a month @param {number} months */
function addMonths(first, months) {
  const [year, month] = first.split('-').map(Number);
  return iso(Date.UTC(year, month - 1 + months, 1));
}

/** A day in the period so many further on. @param {Period} period @param {string} on @param {number} by */
export function shift(period, on, by) {
  if (period === 'day') return addDays(on, by);
  if (period === 'week') return addDays(on, 7 * by);
  return addMonths(span('month', on).from, by);
}

/** `Friday 27 November 2026`, `23 to 29 November 2026`, `November 2026` @param {Period} period @param {string} on */
export function periodWords(period, on) {
  if (period === 'day') return say({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }, on);
  if (period === 'month') return say({ month: 'long', year: 'numeric' }, on);
  const { from, to } = span('week', on);
  const sameMonth = from.slice(0, 7) === to.slice(0, 7);
  const start = say(sameMonth ? { day: 'numeric' } : { day: 'numeric', month: 'long' }, from);
  return `${start} to ${say({ day: 'numeric', month: 'long', year: 'numeric' }, to)}`;
}

/** `Fri 27 Nov` @param {string} on */
export const dayWords = (on) => say({ weekday: 'short', day: 'numeric', month: 'short' }, on);
/** `Fri` @param {string} on */
export const dayName = (on) => say({ weekday: 'short' }, on);
/** `27` @param {string} on */
export const dayOfMonth = (on) => String(Number(on.slice(8)));

/** The present day in a time zone. @param {string} timezone @param {number} [now] */
export function today(timezone, now = Date.now()) {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return parts.format(now);
}
