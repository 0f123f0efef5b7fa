/** Charts of a proof as SVG: intervals around nothing, an effect over time, a funnel. Each says in words what it shows. */
import { h, svg } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { dayText, differenceText } from './words.js';

/** @import {Proof, ProofFinding} from '../../types' */

const WIDE = 320;

/** One interval on a line of its own, with the place of "no difference". @param {ProofFinding} found @param {string | null} currency */
export function intervalPlot(found, currency) {
  const { value, low, high, label, outcome, planted } = found;
  if (value === null || low === null || high === null) return null;
  const reach = Math.max(Math.abs(low), Math.abs(high), Math.abs(planted ?? 0)) * 1.1 || 1;
  const at = (/** @type {number} */ v) => WIDE / 2 + (v / reach) * (WIDE / 2 - 8);
  const side = low > 0 ? 'more' : high < 0 ? 'less' : 'open';
  const good = (side === 'more') !== (outcome === 'churn');
  const tone = side === 'open' ? 'open' : good ? 'good' : 'bad';
  const text = `${label}: ${differenceText(outcome, value, currency)}, between ${differenceText(outcome, low, currency)} and ${differenceText(outcome, high, currency)}${planted === null ? '' : `; planted ${differenceText(outcome, planted, currency)}`}`;
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDE} 36`, class: `interval interval-${tone}`, role: 'img', 'aria-label': text },
    svg('line', { x1: WIDE / 2, x2: WIDE / 2, y1: 2, y2: 34, class: 'interval-zero' }),
    svg('line', { x1: at(low), x2: at(high), y1: 18, y2: 18, class: 'interval-range' }),
    svg('line', { x1: at(low), x2: at(low), y1: 11, y2: 25, class: 'interval-end' }),
    svg('line', { x1: at(high), x2: at(high), y1: 11, y2: 25, class: 'interval-end' }),
    svg('circle', { cx: at(value), cy: 18, r: 6, class: 'interval-value' }),
    planted !== null && svg('path', { d: `M${at(planted)} 18l-5 -15h10z`, class: 'planted' }),
  );
}

/** How an effect and its interval became known, day by day. @param {ProofFinding} found @param {string | null} currency */
export function overTime(found, currency) {
  const { points, outcome, label } = found;
  if (points.length < 2) return null;
  const [wide, high, left] = [640, 200, 8];
  const all = points.flatMap((p) => [p.low, p.high, 0]);
  const [bottom, top] = [Math.min(...all), Math.max(...all)];
  const span = top - bottom || 1;
  const x = (/** @type {number} */ i) => left + (i / (points.length - 1)) * (wide - 2 * left);
  const y = (/** @type {number} */ v) => 10 + ((top - v) / span) * (high - 20);
  const last = points[points.length - 1];
  const band = [
    ...points.map((p, i) => `${x(i)},${y(p.high)}`),
    ...points.map((p, i) => `${x(i)},${y(p.low)}`).reverse(),
  ].join(' ');
  const text = `${label} by day from ${dayText(points[0].on)} to ${dayText(last.on)}; at the end ${differenceText(outcome, last.value, currency)}, between ${differenceText(outcome, last.low, currency)} and ${differenceText(outcome, last.high, currency)}`;
  return h(
    'figure',
    { class: 'over-time' },
    svg(
      'svg',
      { viewBox: `0 0 ${wide} ${high}`, role: 'img', 'aria-label': text },
      svg('polygon', { points: band, class: 'band' }),
      svg('line', { x1: 0, x2: wide, y1: y(0), y2: y(0), class: 'interval-zero' }),
      svg('polyline', { points: points.map((p, i) => `${x(i)},${y(p.value)}`).join(' '), class: 'band-line' }),
    ),
    h(
      'figcaption',
      { class: 'quiet' },
      `${dayText(points[0].on)} to ${dayText(last.on)}. The band is where the truth lies, with 95 % confidence over all days; the dashed line is no difference.`,
    ),
  );
}

/** @type {Record<string, string>} */
const STEP_WORDS = {
  sent: 'Sent',
  delivered: 'Delivered',
  opened: 'Opened',
  clicked: 'Clicked',
  visited: 'Came to the shop',
  bought: 'Bought',
};

/** @param {Proof['steps']} steps */
export function funnel(steps) {
  const most = Math.max(1, ...steps.map((s) => s.people ?? 0));
  return h(
    'ol',
    { class: 'proof-funnel', 'data-testid': 'funnel' },
    steps.map(({ name, people }) =>
      h(
        'li',
        null,
        h('span', { class: 'bar-label' }, STEP_WORDS[name] ?? name),
        h('span', { class: 'bar' }, h('span', { style: { width: `${((people ?? 0) / most) * 100}%` } })),
        h('b', null, people === null ? 'too few' : number(people)),
      ),
    ),
  );
}
