/**
 * The pieces that a condition is edited with: words, dropdowns, fields, chips, each with the way it changes the
 * condition. Pure: what a row of the builder shows is a list of these, and a test can read it.
 */

/** @import {Condition} from './tree.js' */
/** @typedef {[string, string]} Option value and words */
/**
 * @typedef {object} Part
 * @property {'words' | 'choice' | 'number' | 'text' | 'date' | 'chips'} type
 * @property {string} key finds the control again after a change; unique in its condition
 * @property {string} words what is written (`words`), else what the control is called
 * @property {any} [value]
 * @property {Option[]} [options]
 * @property {string} [lead] written before the control
 * @property {string} [unit] written behind the field
 * @property {number} [most] characters of a text
 * @property {string[]} [known] suggestions
 * @property {number} [min]
 * @property {number} [max]
 * @property {number | 'any'} [step]
 * @property {boolean} [needed] nothing works without it
 * @property {(condition: Condition, value: any) => Condition} [set]
 * @property {(condition: Condition) => Condition} [drop] leaves this narrowing out again
 */

/** @param {string} text @returns {Part} */
export const words = (text) => ({ type: 'words', key: `words-${text}`, words: text });

/** @param {string} key @returns {(condition: Condition, value: any) => Condition} */
export const setter = (key) => (condition, value) => ({ ...condition, [key]: value });

/** @param {Condition} condition @param {string} key @returns {Condition} */
export function without(condition, key) {
  const { [key]: _left, ...rest } = condition;
  return /** @type {Condition} */ (rest);
}

/**
 * @param {Condition} condition @param {string} key @param {string} label @param {Option[]} options
 * @param {Partial<Part>} [more]
 * @returns {Part}
 */
export const choice = (condition, key, label, options, more = {}) => ({
  type: 'choice',
  key,
  words: label,
  options,
  value: condition[key] ?? '',
  needed: true,
  set: setter(key),
  ...more,
});

/**
 * @param {Condition} condition @param {string} key @param {string} label @param {Partial<Part>} [more]
 * @returns {Part}
 */
export const text = (condition, key, label, more = {}) => ({
  type: 'text',
  key,
  words: label,
  value: condition[key] ?? '',
  needed: true,
  set: setter(key),
  ...more,
});

// ---- what narrows a condition down: left out unless it is asked for

/**
 * @typedef {object} Narrowing
 * @property {string} key
 * @property {string} words
 * @property {(condition: Condition) => Condition} add
 */
/** @typedef {{key: string, words: string, start: any, part: (condition: Condition) => Part}} Optional */

/**
 * The parts of what is there, and what may be added.
 * @param {Condition} condition @param {Optional[]} all
 * @returns {{parts: Part[], narrow: Narrowing[]}}
 */
export function narrowed(condition, all) {
  const isThere = (/** @type {Optional} */ { key }) => condition[key] !== null && condition[key] !== undefined;
  return {
    parts: all
      .filter(isThere)
      .map(({ key, part }) => ({ ...part(condition), drop: (/** @type {Condition} */ was) => without(was, key) })),
    narrow: all
      .filter((one) => !isThere(one))
      .map(({ key, words: said, start }) => ({
        key,
        words: said,
        add: (/** @type {Condition} */ was) => ({ ...was, [key]: start }),
      })),
  };
}
