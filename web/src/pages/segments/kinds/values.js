/** Tests of a trait or of an event's property: the operators, and the value as it is typed. */
import { choice } from '../parts.js';
import { startOf } from '../windows.js';
import { dateValue } from './tests.js';

/** @import {Option, Part} from '../parts.js' */
/** @import {Condition} from '../tree.js' */

/** @type {Option[]} */
export const VALUE_OPS = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['in', 'is one of'],
  ['not_in', 'is none of'],
  ['contains', 'contains'],
  ['not_contains', 'does not contain'],
  ['starts_with', 'starts with'],
  ['ends_with', 'ends with'],
  ['gte', 'is at least'],
  ['lte', 'is at most'],
  ['gt', 'is more than'],
  ['lt', 'is less than'],
  ['between', 'is between'],
  ['exists', 'is known'],
  ['not_exists', 'is not known'],
];
/** @type {Option[]} */
export const DATE_OPS = [
  ['within_days', 'was in the last … days'],
  ['not_within_days', 'was longer ago than … days'],
  ['in_next_days', 'is in the next … days'],
  ['anniversary_in_days', 'has its anniversary in … days'],
  ['age_between', 'makes them so old, in years'],
  ['before', 'is before a day'],
  ['after', 'is after a day'],
];
const NO_VALUE = new Set(['exists', 'not_exists']);
const LISTS = new Set(['in', 'not_in']);
const DAYS = new Set(['within_days', 'not_within_days', 'in_next_days', 'anniversary_in_days']);
const NUMBERS = new Set(['gt', 'gte', 'lt', 'lte']);
const TEXTS = new Set(['contains', 'not_contains', 'starts_with', 'ends_with']);

/** A number stays a number, true and false stay what they are. @param {string} text */
export function typed(text) {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** The values between commas. @param {string} text */
export const listed = (text) =>
  text
    .split(',')
    .map(typed)
    .filter((value) => value !== '');

/** A value that fits another operator, or none. @param {Condition} was @param {string} op @param {string} today @returns {Condition} */
function withOp(was, op, today) {
  const { value, ...rest } = was;
  const one = Array.isArray(value) ? value[0] : value;
  const next = /** @type {Condition} */ ({ ...rest, op });
  if (NO_VALUE.has(op)) return next;
  if (LISTS.has(op))
    return { ...next, value: Array.isArray(value) ? value : one === undefined || one === '' ? [] : [one] };
  if (op === 'age_between') return { ...next, value: [18, 30] };
  if (op === 'between') return { ...next, value: [typeof one === 'number' ? one : 0, null] };
  if (op === 'before' || op === 'after') return { ...next, value: startOf(today) };
  if (DAYS.has(op)) return { ...next, value: typeof one === 'number' ? one : 7 };
  if (NUMBERS.has(op)) return { ...next, value: typeof one === 'number' ? one : null };
  if (TEXTS.has(op)) return { ...next, value: String(one ?? '') };
  return { ...next, value: one ?? '' };
}

/**
 * @param {Condition} condition @param {Option[]} ops @param {string} today @param {string[]} [known] usual values
 * @returns {Part[]}
 */
export function valueTest(condition, ops, today, known = []) {
  const op = choice(condition, 'op', 'Comparison', ops, { set: (was, next) => withOp(was, next, today) });
  return [op, ...values(condition, known)];
}

/** @param {Condition} condition @param {string[]} known @returns {Part[]} */
function values({ op, value }, known) {
  if (NO_VALUE.has(op)) return [];
  if (op === 'before' || op === 'after') return [dateValue(value)];
  /** @type {Part} */
  const number = {
    type: 'number',
    key: 'value',
    words: 'Value',
    value,
    needed: true,
    set: (was, v) => ({ ...was, value: v }),
  };
  if (DAYS.has(op)) return [{ ...number, words: 'Days', unit: 'days', min: 1, max: 3660 }];
  if (NUMBERS.has(op)) return [number];
  if (op === 'between' || op === 'age_between')
    return [0, 1].map((place) => ({
      ...number,
      key: `value.${place}`,
      words: place ? 'To' : 'From',
      value: value?.[place],
      unit: place ? undefined : 'and',
      set: (was, v) => ({
        ...was,
        value: was.value.map((/** @type {any} */ x, /** @type {number} */ i) => (i === place ? v : x)),
      }),
    }));
  const isList = LISTS.has(op);
  return [
    {
      type: 'text',
      key: 'value',
      words: isList ? 'Values, with commas' : 'Value',
      known: isList ? [] : known,
      value: isList ? (value ?? []).join(', ') : String(value ?? ''),
      needed: true,
      set: (was, v) => ({ ...was, value: isList ? listed(v) : TEXTS.has(op) ? v : typed(v) }),
    },
  ];
}
