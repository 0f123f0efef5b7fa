/**
 * When something happened: rolling windows by name, the last calendar year, days from and to, ever. The API's spans are
 * moments (`to` is excluded), people's are days of the tenant's zone (the last one included).
 */
import { fromLocalField, toLocalField } from '../../ui/format.js';

/** @import {Option, Part} from './parts.js' */
/** @import {Condition} from './tree.js' */

/** @type {[number, string][]} */
const ROLLING = [
  [7, 'in the last 7 days'],
  [14, 'in the last 14 days'],
  [30, 'in the last 30 days'],
  [90, 'in the last 90 days'],
  [180, 'in the last 180 days'],
  [365, 'in the last 365 days'],
];

/** The day of a moment, where the tenant is. @param {string | null | undefined} at */
export const dayOf = (at) => toLocalField(at).slice(0, 10);

/** The first moment of a day there. @param {string} day */
export const startOf = (day) => fromLocalField(day && `${day}T00:00`);

/** @param {string} day @param {number} days */
export function daysFrom(day, days) {
  if (!day) return day;
  const at = new Date(`${day}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** The last calendar year. @param {string} today its ISO date */
export function lastYear(today) {
  const year = Number(today.slice(0, 4));
  return { from: startOf(`${year - 1}-01-01`), to: startOf(`${year}-01-01`) };
}

/** @param {any} window @param {string} today @returns {string} which of the offered windows it is */
export function windowChoice(window, today) {
  if (!window || window.ever) return 'ever';
  if (window.days !== undefined) return ROLLING.some(([days]) => days === window.days) ? String(window.days) : 'days';
  const year = lastYear(today);
  const isYear = dayOf(window.from) === dayOf(year.from) && dayOf(window.to) === dayOf(year.to);
  return isYear ? 'year' : 'between';
}

/** @param {string} chosen @param {string} today @param {any} before the window until now */
function windowOf(chosen, today, before) {
  if (chosen === 'ever') return { ever: true };
  if (chosen === 'days') return { days: 60 };
  if (chosen === 'year') return lastYear(today);
  if (chosen === 'between')
    return {
      from: before?.from ?? startOf(`${today.slice(0, 7)}-01`),
      to: before?.to ?? startOf(daysFrom(today, 1)),
    };
  return { days: Number(chosen) };
}

/** @param {Condition} condition @param {string} today @returns {Part[]} */
export function windowParts(condition, today) {
  const { window } = condition;
  const chosen = windowChoice(window, today);
  /** @type {Part} */
  const which = {
    type: 'choice',
    key: 'window',
    words: 'When',
    value: chosen,
    options: [
      ...ROLLING.map(([days, said]) => /** @type {Option} */ ([String(days), said])),
      ['days', 'in the last … days'],
      ['year', `in ${Number(today.slice(0, 4)) - 1}, last year`],
      ['between', 'from one day to another'],
      ['ever', 'at any time'],
    ],
    needed: true,
    set: (was, value) => ({ ...was, window: windowOf(value, today, was.window) }),
  };
  if (chosen === 'days') return [which, daysBack(window.days)];
  return chosen === 'between' ? [which, ...twoDays(window)] : [which];
}

/** @param {number} value @returns {Part} */
const daysBack = (value) => ({
  type: 'number',
  key: 'window.days',
  words: 'Days back',
  unit: 'days',
  value,
  min: 1,
  max: 3660,
  needed: true,
  set: (was, days) => ({ ...was, window: { days } }),
});

/** @param {{from: string | null, to: string | null}} window @returns {Part[]} */
const twoDays = ({ from, to }) => [
  {
    type: 'date',
    key: 'window.from',
    words: 'First day',
    value: dayOf(from),
    set: (was, day) => ({ ...was, window: { ...was.window, from: startOf(day) } }),
  },
  {
    type: 'date',
    key: 'window.to',
    words: 'Last day',
    value: to ? daysFrom(dayOf(to), -1) : '',
    set: (was, day) => ({ ...was, window: { ...was.window, to: startOf(daysFrom(day, 1)) } }),
  },
];
