/** Which events count: tests of their properties (`where`), each with its own controls. */
import { VALUE_OPS, valueTest } from './values.js';

/** @import {Narrowing, Part} from '../parts.js' */
/** @import {Condition} from '../tree.js' */

const MOST = 10;

/** @param {Condition} was @param {number} place @param {(test: any) => any} edit */
const withTest = (was, place, edit) => ({
  ...was,
  where: was.where.map((/** @type {any} */ test, /** @type {number} */ i) => (i === place ? edit(test) : test)),
});

/**
 * @param {Condition} condition @param {string[]} properties that are known
 * @returns {{parts: Part[], narrow: Narrowing[]}}
 */
export function filterParts(condition, properties) {
  const where = /** @type {any[]} */ (condition.where ?? []);
  return {
    parts: where.flatMap((test, place) => testParts(test, place, properties)),
    narrow:
      where.length < MOST
        ? [
            {
              key: `where.${where.length}.property`,
              words: 'where a property …',
              add: (was) => ({ ...was, where: [...(was.where ?? []), { property: '', op: 'eq', value: '' }] }),
            },
          ]
        : [],
  };
}

/** @param {any} test @param {number} place @param {string[]} known @returns {Part[]} */
function testParts(test, place, known) {
  /** @type {Part} */
  const name = {
    type: 'text',
    key: 'property',
    words: 'Property',
    lead: 'where',
    value: test.property,
    known,
    needed: true,
    set: (was, property) => ({ ...was, property }),
  };
  const parts = [name, ...valueTest({ kind: 'where', ...test }, VALUE_OPS, '')];
  return parts.map((part, i) => ({
    ...part,
    key: `where.${place}.${part.key}`,
    set: (was, value) => withTest(was, place, (one) => part.set?.(one, value)),
    drop:
      i === parts.length - 1
        ? (was) => ({
            ...was,
            where: was.where.filter((/** @type {any} */ _test, /** @type {number} */ at) => at !== place),
          })
        : undefined,
  }));
}
