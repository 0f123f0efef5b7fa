/** What the page says of segments and lists: states, numbers that privacy hides, who may do what. */
import { h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';

/** @import {PersonShort, Summary} from './shapes.js' */

/** A number of people, or why there is none. @param {number | null} people @param {string | null} [hidden] */
export const peopleText = (people, hidden) =>
  people === null ? (hidden ?? 'not told') : people === 1 ? '1 person' : `${number(people)} people`;

/** What is not as it should be; null when the segment is ready. @param {Summary} segment */
export function statusPill({ status, archived_at: archived }) {
  if (archived) return pill('archived', 'quiet');
  if (status === 'building') return pill('being built', 'info');
  return status === 'failed' ? pill('failed', 'bad') : null;
}

/** @param {PersonShort} person */
export const personText = ({ name }) => name || 'No name yet';

/** A person's line: a link for who may open their screen. @param {PersonShort} person */
export const personLink = (person) =>
  h('a', { href: `/people/${person.profile_id}`, class: 'breaks' }, personText(person));

/** A share in whole percent; below one it says so. @param {number} part @param {number} whole */
export function shareText(part, whole) {
  if (!whole) return '';
  const percent = (100 * part) / whole;
  return part > 0 && percent < 1 ? 'less than 1 %' : `${Math.round(percent)} %`;
}
