/** A demo's win-back, thirty days in ten seconds: the answer grows as it would, beside what was planted. */
import { get } from '../../api.js';
import { fill, h, svg } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { explain } from '../../ui/widgets.js';
import { differenceText, percentText } from './words.js';

/** @import {SimulatedWinBack} from '../../types' */

const SECONDS = 10;
const [WIDE, HIGH, LEFT] = [640, 200, 8];

/** A card that plays on demand; other people every time. @param {AbortSignal} signal the page's end */
export function simulation(signal) {
  const stage = h('div', { class: 'simulated-stage', 'data-testid': 'simulated-stage' });
  const button = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': 'simulate' },
    'Play 30 days in 10 seconds',
  );
  let seed = 7;
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await play(stage, /** @type {SimulatedWinBack} */ (await get('/v1/proof/simulated', { seed }, signal)), signal);
      seed += 1;
      fill(button, 'Play it with other people');
    } catch (problem) {
      if (!signal.aborted) fill(stage, h('p', { class: 'field-error', role: 'alert' }, explain(problem)));
    }
    button.disabled = false;
  });
  return h(
    'section',
    { class: 'card no-print', 'data-testid': 'simulated' },
    h('h2', null, 'A win-back, simulated'),
    h(
      'p',
      null,
      'Made-up customers of a supermarket come less often, three of four get a message, and some come back. Of each person it is known what they would have done without it, so you see whether the proof finds the truth. A simulation: nobody is written to.',
    ),
    h('div', null, button),
    stage,
  );
}

/** @param {HTMLElement} stage @param {SimulatedWinBack} told @param {AbortSignal} signal */
async function play(stage, told, signal) {
  const line = h('p', { class: 'proof-means', 'aria-live': 'off', 'data-testid': 'simulated-day' });
  const chart = h('div');
  const result = h('div', { role: 'status' });
  fill(stage, line, chart, result);
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const [begun, each] = [performance.now(), (SECONDS * 1000) / told.days.length];
  for (const day of told.days) {
    if (still && day !== told.days[told.days.length - 1]) continue;
    fill(
      line,
      `Day ${day.day} of ${told.days.length}: ${number(day.decided)} people, ${number(day.sent)} messages. Back in the shop: ${share(day.back_sent, day.sent)} with a message, ${share(day.back_held, day.decided - day.sent)} without.`,
    );
    fill(chart, drawn(told, day.day));
    const early = begun + day.day * each - performance.now();
    if (!still && early > 0) await new Promise((done) => setTimeout(done, early));
    if (signal.aborted) return;
  }
  fill(result, beside(told));
}

/** @param {number} some @param {number} all */
const share = (some, all) => (all > 0 ? `${((100 * some) / all).toFixed(0)} %` : '–');

/** The effect as known by the end of a day, on the scale of all days, and the truth as a line.
 * @param {SimulatedWinBack} told @param {number} day */
function drawn({ findings, days, first_on: begun }, day) {
  const { points, planted, label, outcome } = findings[0];
  const truth = planted ?? 0;
  const shown = points.filter((p) => dayOf(p.on, begun) <= day);
  const all = points.flatMap((p) => [p.low, p.high, 0]);
  const [bottom, top] = [Math.min(...all), Math.max(...all)];
  const x = (/** @type {string} */ on) => LEFT + (dayOf(on, begun) / days.length) * (WIDE - 2 * LEFT);
  const y = (/** @type {number} */ v) => 10 + ((top - v) / (top - bottom || 1)) * (HIGH - 20);
  const band = [
    ...shown.map((p) => `${x(p.on)},${y(p.high)}`),
    ...shown.map((p) => `${x(p.on)},${y(p.low)}`).reverse(),
  ];
  const last = shown[shown.length - 1];
  const found = last
    ? `${differenceText(outcome, last.value, null)}, between ${differenceText(outcome, last.low, null)} and ${differenceText(outcome, last.high, null)}`
    : 'too few people yet';
  return h(
    'figure',
    { class: 'over-time' },
    svg(
      'svg',
      {
        viewBox: `0 0 ${WIDE} ${HIGH}`,
        role: 'img',
        'aria-label': `${label}, day ${day}: ${found}; planted ${differenceText(outcome, truth, null)}`,
      },
      svg('polygon', { points: band.join(' '), class: 'band' }),
      svg('line', { x1: 0, x2: WIDE, y1: y(0), y2: y(0), class: 'interval-zero' }),
      svg('polyline', { points: shown.map((p) => `${x(p.on)},${y(p.value)}`).join(' '), class: 'band-line' }),
      svg('line', { x1: 0, x2: WIDE, y1: y(truth), y2: y(truth), class: 'planted-line' }),
    ),
    h(
      'figcaption',
      { class: 'quiet' },
      `How many more buy, from day 1 to day ${days.length}: ${found}. The black dashed line is what was planted, the grey one no difference; the band is where the truth lies, with 95 % confidence over all days.`,
    ),
  );
}

/** Days are counted from 1. @param {string} on @param {string} begun */
const dayOf = (on, begun) => (Date.parse(on) - Date.parse(begun)) / 86_400_000 + 1;

/** @param {SimulatedWinBack} told */
function beside({ findings, roi, currency }) {
  const rows = findings.map((f) => [
    f.label,
    differenceText(f.outcome, f.planted ?? 0, currency),
    differenceText(f.outcome, f.value ?? 0, currency),
    `${differenceText(f.outcome, f.low ?? 0, currency)} to ${differenceText(f.outcome, f.high ?? 0, currency)}`,
  ]);
  if (roi)
    rows.push([
      'Return (ROI)',
      percentText(roi.planted),
      percentText(roi.value),
      roi.low === null ? 'cannot be said yet' : `${percentText(roi.low)} to ${percentText(roi.high)}`,
    ]);
  const titles = ['Planted', 'Found', 'Between'];
  return h(
    'table',
    { class: 'table', 'data-testid': 'simulated-result' },
    h('caption', { class: 'visually-hidden' }, 'What was planted beside what was found'),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('th', { scope: 'col' }, 'Outcome'),
        titles.map((title) => h('th', { scope: 'col', class: 'num' }, title)),
      ),
    ),
    h(
      'tbody',
      null,
      rows.map(([name, ...cells]) =>
        h(
          'tr',
          null,
          h('td', null, name),
          cells.map((text, i) => h('td', { class: i === 2 ? 'num wide-cell' : 'num', 'data-label': titles[i] }, text)),
        ),
      ),
    ),
  );
}
