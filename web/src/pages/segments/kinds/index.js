/** Every kind of condition: how it begins, what its row shows, what is still missing. Pure. */
import { inList, inSegment, consent, place, reachable, trait } from './are.js';
import { decline, habit, metric, order } from './bought.js';
import { event, message, visit } from './did.js';

/** @import {Narrowing, Part} from '../parts.js' */
/** @import {World} from '../world.js' */
/** @import {Condition} from '../tree.js' */
/**
 * @typedef {object} Kind
 * @property {string} title
 * @property {string} about what can be said with it
 * @property {() => Condition} start
 * @property {(condition: Condition, world: World) => {parts: Part[], narrow: Narrowing[]}} parts
 */

/** @type {Record<string, Kind>} */
export const KINDS = {
  order,
  habit,
  decline,
  metric,
  visit,
  place,
  event,
  message,
  reachable,
  consent,
  trait,
  in_segment: inSegment,
  in_list: inList,
};
/** How they are offered. @type {[string, string[]][]} */
const FAMILIES = [
  ['What they buy', ['order', 'habit', 'decline', 'metric']],
  ['Where they are', ['visit', 'place']],
  ['What they do', ['event', 'message']],
  ['Who they are', ['trait', 'reachable', 'consent', 'in_segment', 'in_list']],
];

/** They tell what somebody does with the whole tenant, which the segment of a store may not ask. */
const OF_TENANT = new Set(['habit', 'decline', 'metric', 'event']);

/** @param {string | null} storeId whose segment it is @returns {[string, string[]][]} */
export const familiesFor = (storeId) =>
  FAMILIES.map(([title, kinds]) => [title, kinds.filter((kind) => !storeId || !OF_TENANT.has(kind))]);

/** @param {Condition} condition @param {World} world @returns {{parts: Part[], narrow: Narrowing[]}} */
export const partsOf = (condition, world) =>
  KINDS[condition.kind]?.parts(condition, world) ?? { parts: [], narrow: [] };

/** @param {Condition} condition */
export const titleOf = ({ kind }) => KINDS[kind]?.title ?? kind;

/**
 * Whether two conditions are edited by the same controls that show the same, but for the one with that key.
 * @param {Condition} a @param {Condition} b @param {string} changed @param {World} world
 */
export function sameParts(a, b, changed, world) {
  const shape = (/** @type {Condition} */ condition) => {
    const { parts, narrow } = partsOf(condition, world);
    const looks = parts.map(({ type, key, words, lead, unit, options, value }) => {
      const shown = key === changed ? null : value;
      return [type, key, words, lead, unit, options, shown];
    });
    return JSON.stringify([looks, narrow.map(({ key }) => key)]);
  };
  return shape(a) === shape(b);
}

/** What is still to be filled in, e.g. "Store"; null when nothing is. @param {Condition} condition @param {World} world */
export function gapOf(condition, world) {
  const open = partsOf(condition, world).parts.find(isOpen);
  return open ? open.words : null;
}

/** @param {Part} part */
function isOpen({ type, value, needed, options }) {
  if (!needed || type === 'words') return false;
  if (type === 'choice') return !options?.some(([key]) => key === String(value ?? ''));
  if (type === 'chips') return !value?.length;
  return value === null || value === undefined || value === '' || Number.isNaN(value);
}
