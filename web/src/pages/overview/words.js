/** Words of the first screen. Pure. */

/** @import {FirstScreen, OverviewLine} from '../../types' */

/** @type {[string, string][]} */
export const GROUPS = [
  ['worth', 'What a customer is worth'],
  ['life', 'Who stays, who leaves'],
  ['buying', 'What they buy'],
  ['reach', 'Whom you can reach'],
];

/** @type {Record<string, [string, string, string]>} tone → look of the pill, words, icon */
export const TONES = {
  good: ['ok', 'better', 'up'],
  bad: ['bad', 'worse', 'down'],
  steady: ['quiet', 'steady', 'level'],
  unknown: ['quiet', 'nothing to compare with', 'level'],
};

/** 26 November @param {string} day */
export const dayWords = (day) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(day));

/** @param {FirstScreen} overview */
export const periodWords = ({ days, through }) => `Up to ${dayWords(through)}: ${days} days against the ${days} before`;

/** A change as people say it: `12 % less`. @param {number} change */
export function changeWords(change) {
  const percent = Math.abs(100 * change);
  const size = percent < 10 ? percent.toFixed(1).replace(/\.0$/, '') : Math.round(percent).toLocaleString('en-GB');
  return `${size} % ${change < 0 ? 'less' : 'more'}`;
}

/** Of which days a line tells, where they are not those of the page. @param {OverviewLine} line @param {string} through */
export const lateWords = ({ from, to }, through) => (to < through ? `of ${dayWords(from)} to ${dayWords(to)}` : null);
