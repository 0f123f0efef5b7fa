/** The first line of the page: visits, people, stay, return, peak, each with the sentence that goes with it. */
import { h } from '../../ui/dom.js';
import { duration, number } from '../../ui/format.js';
import { told } from './charts.js';
import { compare, peakWords, percent } from './numbers.js';
import { dayWords, periodWords } from './periods.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Footfall} from '../../types' */

/** @param {Footfall} now @param {Footfall} before */
export function headline(now, before) {
  return h(
    'dl',
    { class: 'headline', 'data-testid': 'headline' },
    figure(now.complete ? 'Visits' : 'Visits so far', told(now.visits), compare(now, before), 'visits'),
    people(now),
    stay(now, before),
    figure('Came back', now.complete ? percent(now.returning_share) : '–', backWords(now), 'returning'),
    figure('Busiest hour', peakWords(now.peak), now.peak ? 'by people who came in' : 'no hour is told', 'peak'),
  );
}

/** @param {string} label @param {string} value @param {Child} text @param {string} testid */
function figure(label, value, text, testid) {
  return h(
    'div',
    { class: 'figure' },
    h('dt', null, label),
    h('dd', { class: value.length > 9 ? 'figure-words' : '', 'data-testid': `figure-${testid}` }, value),
    h('dd', { class: 'quiet', 'data-testid': `figure-${testid}-text` }, text),
  );
}

/** @param {Footfall} now */
const later = (now) => `told when the ${now.period} is over`;

/** @param {Footfall} now */
function people(now) {
  if (now.complete) return figure('People', told(now.people), 'different people', 'people');
  const best = [...now.by_day].sort((a, b) => (b.people ?? 0) - (a.people ?? 0))[0];
  const text = best?.people ? `${later(now)}; most on ${dayWords(best.on)}: ${number(best.people)}` : later(now);
  return figure('People', '–', text, 'people');
}

/** The stay is told of finished weeks; until then, of the one before. @param {Footfall} now @param {Footfall} before */
function stay(now, before) {
  const label = 'Typical stay in a zone';
  if (now.dwell.median_s !== null) return figure(label, duration(now.dwell.median_s), 'half stay longer', 'stay');
  if (now.period === 'day') return figure(label, '–', 'told for weeks and months', 'stay');
  if (!now.complete && before.dwell.median_s !== null)
    return figure(label, duration(before.dwell.median_s), `of ${periodWords(before.period, before.from)}`, 'stay');
  return figure(label, '–', now.complete ? 'not told' : later(now), 'stay');
}

/** @param {Footfall} now */
function backWords(now) {
  if (!now.complete) return later(now);
  return now.returning_share === null ? 'not told' : 'had been here in the four weeks before';
}
