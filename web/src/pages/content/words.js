/** Content items in words: kinds, states, and dates as the wall clock at their place shows them. */
import { may } from '../../ui/words.js';

/** @import {Context} from '../../types' */

/** @typedef {{title: string, text: string, terms: string}} Words */
/**
 * @typedef {object} Item
 * @property {string} id
 * @property {string} kind
 * @property {string} status
 * @property {string} title
 * @property {string} text
 * @property {string} terms
 * @property {Record<string, Words>} texts
 * @property {string} default_language
 * @property {string | null} store_id
 * @property {string | null} mall_id
 * @property {string | null} zone_id
 * @property {string | null} place
 * @property {string} timezone
 * @property {string | null} starts
 * @property {string | null} ends
 * @property {string | null} starts_at
 * @property {string | null} ends_at
 * @property {string[]} products
 * @property {string[]} categories
 * @property {string[]} brands
 * @property {string | null} image_url
 * @property {string | null} link
 * @property {number} revision
 */
/** @typedef {{id: string, url: string, source: string, opens: number, opens_30_days: number, target_url: string | null}} Link */
/** @typedef {{says: string, segment: any, campaign: any, lacks: string[]}} Recipe */

/** @type {Record<string, string>} */
export const KINDS = { promotion: 'Promotion', event: 'Event', new_arrival: 'New arrival', notice: 'Notice' };

/** @type {[string, string][]} */
export const LANGUAGES = [
  ['en', 'English'],
  ['de', 'German'],
  ['fr', 'French'],
  ['it', 'Italian'],
  ['es', 'Spanish'],
  ['pt', 'Portuguese'],
  ['nl', 'Dutch'],
  ['pl', 'Polish'],
  ['ar', 'Arabic'],
  ['he', 'Hebrew'],
  ['tr', 'Turkish'],
  ['uk', 'Ukrainian'],
  ['zh', 'Chinese'],
];

/** Whether somebody may write content; the server decides. @param {Context} context */
export const mayWrite = (context) => may(context.me, 'edit') || context.me.operator.role === 'shop';

/** @param {string} code */
export const languageName = (code) => LANGUAGES.find(([known]) => known === code)?.[1] ?? code;

/** Its state at that moment, with the tone of its pill. @param {Item} item @param {number} [now] */
export function stateOf(item, now = Date.now()) {
  if (item.status === 'draft') return { text: 'draft', tone: 'quiet' };
  if (item.status === 'cancelled') return { text: 'cancelled', tone: 'bad' };
  if (item.ends_at && Date.parse(item.ends_at) <= now) return { text: 'over', tone: 'quiet' };
  if (item.starts_at && Date.parse(item.starts_at) > now) return { text: 'coming up', tone: 'info' };
  return { text: 'on now', tone: 'ok' };
}

const LOCAL = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** A wall clock without a zone, as it is. @param {string} local */
const shown = (local) => LOCAL.format(new Date(`${local}Z`));

/** `Sat 5 Dec, 14:00 – 16:00`, open ends said. @param {Item} item */
export function datesText({ starts, ends }) {
  if (!starts && !ends) return 'until it is cancelled';
  if (!starts) return `until ${shown(/** @type {string} */ (ends))}`;
  if (!ends) return `from ${shown(starts)}`;
  const sameDay = starts.slice(0, 10) === ends.slice(0, 10);
  return `${shown(starts)} – ${sameDay ? ends.slice(11, 16) : shown(ends)}`;
}

/** Months on an axis: from the first start to the last end, at least four weeks. @param {Item[]} items @param {number} now */
export function spanOf(items, now) {
  const day = 86_400_000;
  const times = items.flatMap(({ starts_at: from, ends_at: to }) =>
    [from, to].filter(Boolean).map((at) => Date.parse(String(at))),
  );
  const first = Math.max(Math.min(now, ...times), now - 60 * day);
  const last = Math.min(Math.max(now + 28 * day, ...times), now + 180 * day);
  return { first: first - day, last: last + day };
}
