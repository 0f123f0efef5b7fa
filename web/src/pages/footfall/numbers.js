/** What the footfall numbers say: comparisons, peaks, steps of colour, order. Pure. */
import { number } from '../../ui/format.js';

/** @import {Footfall, FootfallPlace, Peak} from '../../types' */

export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
export const STEPS = 5;
/** With fewer days of before than this share of the days of now, a comparison says nothing. */
const FAIR_SHARE = 0.5;

/** @param {{visits: number | null}[]} days */
const sum = (days) => days.reduce((all, day) => all + (day.visits ?? 0), 0);

/**
 * How the visits compare with the period before, in words. Of a period in progress, its days so far are held against
 * the same days.
 * @param {Footfall} now
 * @param {Footfall} before
 * @returns {string}
 */
export function compare(now, before) {
  if (now.visits === null) return '';
  const name = `the ${now.period} before`;
  const told = now.by_day.map((day, i) => ({ day, then: before.by_day[i] })).filter(({ day }) => day.visits !== null);
  const busy = told.filter(({ day }) => day.visits);
  const counted = busy.filter(({ then }) => then?.visits);
  if (now.period !== 'day' && busy.length > 0) {
    if (counted.length === 0) return `Nothing was counted on these days of ${name}.`;
    if (counted.length < busy.length * FAIR_SHARE)
      return `No fair comparison: ${name} was counted on only ${counted.length} of these ${busy.length} days.`;
  }
  const [here, there] = now.complete
    ? [now.visits, before.visits]
    : [sum(told.map(({ day }) => day)), sum(told.flatMap(({ then }) => then ?? []))];
  if (there === null) return `${capital(name)} is not told.`;
  const whole = now.complete ? name : `the same days of ${name}`;
  return there === 0 ? `Nothing was counted ${now.complete ? '' : 'on '}${whole}.` : change(here, there, whole);
}

/** @param {number} here @param {number} there @param {string} than */
function change(here, there, than) {
  const percent = Math.round((here / there - 1) * 100);
  const amount = `(${number(there)})`;
  if (percent === 0) return `As many as ${than} ${amount}.`;
  if (percent >= 100) return `${(here / there).toFixed(1)} times ${than} ${amount}.`;
  return `${Math.abs(percent)} % ${percent > 0 ? 'more' : 'fewer'} than ${than} ${amount}.`;
}

/** @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** `09:00 to 10:00` @param {number} hour */
export const hourWords = (hour) =>
  `${String(hour).padStart(2, '0')}:00 to ${String((hour + 1) % 24).padStart(2, '0')}:00`;

/** @param {Peak | null} peak */
export const peakWords = (peak) => (peak ? `${WEEKDAYS[peak.weekday]}, ${hourWords(peak.hour)}` : '–');

/** `Thu 17:00`, for a table. @param {Peak | null} peak */
export const peakShort = (peak) =>
  peak ? `${WEEKDAYS[peak.weekday].slice(0, 3)} ${String(peak.hour).padStart(2, '0')}:00` : '–';

/** 168 hours as seven days. @param {(number | null)[]} hours */
export const hourRows = (hours) => WEEKDAYS.map((_, day) => hours.slice(day * 24, day * 24 + 24));

/** `34 %` @param {number | null} share */
export const percent = (share) => (share === null ? '–' : `${Math.round(share * 100)} %`);

/**
 * Steps of colour for numbers: 0 for nothing, then 1 to STEPS from the smallest to the largest; and what each step holds,
 * in words.
 * @param {(number | null)[]} values
 */
export function scale(values) {
  const found = values.flatMap((value) => value || []);
  const [low, top] = found.length ? [Math.min(...found), Math.max(...found)] : [1, 0];
  const width = Math.max(1, Math.ceil((top - low + 1) / STEPS));
  const count = Math.ceil((top - low + 1) / width);
  return {
    /** @param {number} value */
    step: (value) => (value ? Math.floor((value - low) / width) + 1 : 0),
    words: Array.from({ length: count }, (_, i) => {
      const from = low + i * width;
      return width === 1 ? number(from) : `${number(from)}–${number(from + width - 1)}`;
    }),
  };
}

/** @typedef {'name' | 'visits' | 'people' | 'median_dwell_s' | 'returning_share' | 'peak'} SortKey */

/** @param {FootfallPlace} place @param {SortKey} key */
function sortValue(place, key) {
  if (key !== 'peak') return place[key];
  return place.peak ? place.peak.weekday * 24 + place.peak.hour : null;
}

/**
 * Places in the order of a column; what is not told comes last either way.
 * @param {FootfallPlace[]} places
 * @param {SortKey} key
 * @param {boolean} descending
 */
export function sortPlaces(places, key, descending) {
  return [...places].sort((a, b) => {
    const [x, y] = [sortValue(a, key), sortValue(b, key)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.name.localeCompare(b.name);
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y);
    return (descending ? -order : order) || a.name.localeCompare(b.name);
  });
}
