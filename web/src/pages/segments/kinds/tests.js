/** How numbers, moments and texts are compared: the operators by name, and the field or two that each needs. */
import { choice, setter } from '../parts.js';
import { dayOf, startOf } from '../windows.js';

/** @import {Option, Part} from '../parts.js' */
/** @import {Condition} from '../tree.js' */
/**
 * @typedef {object} Scale how a number is shown
 * @property {string} [lead]
 * @property {string} [unit]
 * @property {number} [digits] decimals that the stored integer hides (money in minor units)
 * @property {number} [factor] what the stored number is multiplied with (0.3 is shown as 30 %)
 * @property {number | 'any'} [step]
 * @property {number} [min]
 * @property {number} [max]
 */

/** @type {Option[]} */
export const NUMBER_OPS = [
  ['gte', 'at least'],
  ['lte', 'at most'],
  ['eq', 'exactly'],
  ['gt', 'more than'],
  ['lt', 'less than'],
  ['between', 'between'],
  ['ne', 'not'],
];
/** @type {Option[]} */
export const MOMENT_OPS = [
  ['within_days', 'within the last'],
  ['not_within_days', 'longer ago than'],
  ['after', 'after'],
  ['before', 'before'],
];
const IS_MOMENT = new Set(MOMENT_OPS.map(([op]) => op));

/** A value that fits another operator. @param {string} op @param {any} value @param {string} today */
export function fitted(op, value, today) {
  if (op === 'between') return Array.isArray(value) ? value : [typeof value === 'number' ? value : 1, null];
  if (op === 'before' || op === 'after') return typeof value === 'string' ? value : startOf(today);
  if (Array.isArray(value)) return value[0];
  return typeof value === 'number' ? value : IS_MOMENT.has(op) ? 30 : 1;
}

/**
 * @param {Condition} condition @param {Option[]} ops @param {string} today @param {Scale} [scale]
 * @returns {Part[]}
 */
export function comparison(condition, ops, today, scale = {}) {
  const op = choice(condition, 'op', 'Comparison', ops, {
    set: (was, next) => ({ ...was, op: next, value: fitted(next, was.value, today) }),
  });
  return [op, ...valueParts(condition, scale)];
}

/** @param {Condition} condition @param {Scale} scale @returns {Part[]} */
function valueParts({ op, value }, scale) {
  if (op === 'before' || op === 'after') return [dateValue(value)];
  if (IS_MOMENT.has(op)) return [numberValue(value, { unit: 'days', min: 1, step: 1 })];
  if (op !== 'between') return [numberValue(value, scale)];
  return [end(value, 0, 'From', { ...scale, unit: 'and' }), end(value, 1, 'To', scale)];
}

/** @param {string} value @returns {Part} */
export const dateValue = (value) => ({
  type: 'date',
  key: 'value',
  words: 'Day',
  value: dayOf(value),
  needed: true,
  set: (was, day) => ({ ...was, value: startOf(day) }),
});

/** @param {any} value @param {Scale} scale @returns {Part} */
const numberValue = (value, scale) => scaled({ key: 'value', words: 'How much', value, set: setter('value') }, scale);

/** @param {any[]} value @param {0 | 1} place @param {string} label @param {Scale} scale */
const end = (value, place, label, scale) =>
  scaled(
    {
      key: `value.${place}`,
      words: label,
      value: value?.[place],
      set: (was, next) => ({
        ...was,
        value: was.value.map((/** @type {any} */ v, /** @type {number} */ i) => (i === place ? next : v)),
      }),
    },
    scale,
  );

/**
 * @param {Pick<Part, 'key' | 'words' | 'value'> & {set: NonNullable<Part['set']>}} part @param {Scale} scale
 * @returns {Part}
 */
export function scaled({ key, words, value, set }, { lead, unit, digits = 0, factor = 1, step = 'any', min = 0, max }) {
  const by = factor / 10 ** digits;
  return {
    type: 'number',
    key,
    words,
    lead,
    unit,
    min,
    max,
    step,
    needed: true,
    value: value === null || value === undefined ? null : Number((value * by).toPrecision(12)),
    set: (was, shown) => set(was, shown === null ? null : Number((shown / by).toPrecision(12))),
  };
}
