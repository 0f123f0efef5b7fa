/** What an import would do or did, as the server reports it: counts by kind, and each flaw with its place. */
import { h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';

/** @import {ImportItem, ImportReport, LonLat} from '../../types' */
/**
 * @typedef {object} Flaw
 * @property {'error' | 'warning'} severity
 * @property {string} where the item and its place in the file
 * @property {string} detail
 * @property {LonLat | null} place
 * @property {ImportItem | null} item
 */

/** @type {[keyof ImportReport['counts'], string][]} */
const KINDS = [
  ['mall', 'Malls'],
  ['level', 'Levels'],
  ['unit', 'Rooms and corridors'],
  ['store', 'Stores'],
  ['zone', 'Zones'],
  ['feature', 'Doors and amenities'],
];
/** @type {['added' | 'updated' | 'unchanged' | 'refused', string][]} */
const OUTCOMES = [
  ['added', 'New'],
  ['updated', 'Changed'],
  ['unchanged', 'Same'],
  ['refused', 'Refused'],
];
/** @type {Record<string, [string, string]>} */
const OUTCOME_PILLS = {
  added: ['new', 'ok'],
  updated: ['changed', 'info'],
  unchanged: ['as it is', 'quiet'],
  refused: ['refused', 'bad'],
};
/** @type {Record<string, string>} */
const KIND_WORDS = { mall: 'Mall', level: 'Level', unit: 'Room', store: 'Store', zone: 'Zone', feature: 'Feature' };

/** @param {ImportReport} report */
const present = ({ counts }) => KINDS.filter(([kind]) => counts[kind] && OUTCOMES.some(([key]) => counts[kind]?.[key]));

/** @param {ImportReport} report */
export function countsTable(report) {
  const kinds = present(report);
  if (!kinds.length) return h('p', { class: 'notice' }, 'There is nothing in this file that could be imported.');
  return h(
    'table',
    { class: 'counts', 'data-testid': 'import-counts' },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('td', null),
        OUTCOMES.map(([, words]) => h('th', { scope: 'col' }, words)),
      ),
    ),
    h(
      'tbody',
      null,
      kinds.map(([kind, words]) =>
        h(
          'tr',
          { 'data-kind': kind },
          h('th', { scope: 'row' }, words),
          OUTCOMES.map(([key]) => {
            const count = report.counts[kind]?.[key] ?? 0;
            return h(
              'td',
              { class: `num ${count && key === 'refused' ? 'count-bad' : ''}`, 'data-outcome': key },
              number(count),
            );
          }),
        ),
      ),
    ),
  );
}

/** @param {ImportReport} report */
export const refused = ({ counts }) => Object.values(counts).reduce((sum, count) => sum + (count?.refused ?? 0), 0);

/** @param {ImportReport} report */
export const taken = ({ counts }) =>
  Object.values(counts).reduce((sum, count) => sum + (count?.added ?? 0) + (count?.updated ?? 0), 0);

/** `12 stores and 3 zones`, of what is new or changed. @param {ImportReport} report */
export function summary(report) {
  const words = present(report).flatMap(([kind, plural]) => {
    const count = (report.counts[kind]?.added ?? 0) + (report.counts[kind]?.updated ?? 0);
    return count ? [`${number(count)} ${count === 1 ? KIND_WORDS[kind].toLowerCase() : plural.toLowerCase()}`] : [];
  });
  if (!words.length) return 'nothing: all of it was there already';
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}` : words[0];
}

/** @param {ImportItem} item */
export const itemName = ({ kind, name, external_id }) =>
  `${KIND_WORDS[kind] ?? kind} ${name ? `“${name}”` : (external_id ?? 'without a name')}`;

/** Errors first, then warnings, then remarks about the file. @param {ImportReport} report @returns {Flaw[]} */
export function flaws(report) {
  const ofItems = report.items.flatMap((item) =>
    item.problems.map((problem) => ({
      severity: problem.severity,
      where: [itemName(item), item.file, problem.pointer || item.pointer].filter(Boolean).join(' · '),
      detail: problem.detail,
      place: problem.place ?? null,
      item,
    })),
  );
  const ofFile = report.warnings.map(({ file, pointer, detail }) => ({
    severity: /** @type {const} */ ('warning'),
    where: [file, pointer].filter(Boolean).join(' · '),
    detail,
    place: null,
    item: null,
  }));
  const all = [...ofItems, ...ofFile];
  return [...all.filter(({ severity }) => severity === 'error'), ...all.filter(({ severity }) => severity !== 'error')];
}

/** @param {string} outcome */
export const outcomePill = (outcome) => pill(...(OUTCOME_PILLS[outcome] ?? [outcome, 'quiet']));
