/**
 * How many people were in a segment over time: a small line for the list, a chart with its axes for the segment's own
 * page. A size stays until the next one, so the line is made of steps; what is not told (fewer people than privacy
 * allows to name) is a gap.
 */
import { h, svg } from '../../ui/dom.js';
import { moment, number } from '../../ui/format.js';

/** @typedef {{at: string, people: number | null, hidden?: string | null}} SizePoint */

/**
 * The line as an SVG path, from left to right.
 * @param {SizePoint[]} points oldest first
 * @param {{width: number, height: number, until: number, closeUp?: boolean}} box `until`: the time of the right edge, ms;
 *   `closeUp`: not from zero, so that a small change is seen where there is no axis
 * @returns {string} empty when there is nothing to draw
 */
export function stepPath(points, { width, height, until, closeUp = false }) {
  const known = points.filter(({ people }) => people !== null).map(({ people }) => /** @type {number} */ (people));
  if (!known.length) return '';
  const start = Date.parse(points[0].at);
  const top = Math.max(1, ...known);
  const x = (/** @type {number} */ ms) => round(until > start ? (width * (ms - start)) / (until - start) : 0);
  const low = closeUp ? Math.min(...known, top * 0.9) : 0;
  const y = (/** @type {number} */ people) => round(height - (height * (people - low)) / (top - low));
  return points
    .map(({ at, people }, i) => {
      if (people === null) return '';
      const end = i + 1 < points.length ? Date.parse(points[i + 1].at) : until;
      const isNew = i === 0 || points[i - 1].people === null;
      return `${isNew ? 'M' : 'L'}${x(Date.parse(at))} ${y(people)}H${x(end)}`;
    })
    .join('');
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** What the line says, in words. @param {SizePoint[]} points */
export function sizeWords(points) {
  const told = points.filter(({ people }) => people !== null);
  if (told.length < 2) return 'no history yet';
  const [first, last] = [told[0], told[told.length - 1]];
  const change = /** @type {number} */ (last.people) - /** @type {number} */ (first.people);
  const since = `since ${moment(first.at)}`;
  return change ? `${change > 0 ? '+' : '−'}${number(Math.abs(change))} ${since}` : `as many as ${since}`;
}

/** @param {SizePoint[]} points @param {number} [until] */
export function sparkline(points, until = Date.now()) {
  const box = { width: 96, height: 24, until, closeUp: true };
  return svg(
    'svg',
    { viewBox: '-2 -3 100 30', class: 'size-spark', role: 'img', 'aria-label': `Size: ${sizeWords(points)}` },
    svg('path', { d: stepPath(points, box), class: 'size-line' }),
  );
}

/** @param {SizePoint[]} points oldest first @param {number} [until] */
export function sizeChart(points, until = Date.now()) {
  const box = { width: 640, height: 160, until };
  const path = stepPath(points, box);
  const top = Math.max(1, ...points.map(({ people }) => people ?? 0));
  return h(
    'figure',
    { class: 'size-figure', 'data-testid': 'size-chart' },
    h(
      'div',
      { class: 'size-plot' },
      h('span', { class: 'size-top', 'aria-hidden': 'true' }, number(top)),
      svg(
        'svg',
        {
          viewBox: '0 -4 640 168',
          preserveAspectRatio: 'none',
          class: 'size-chart',
          role: 'img',
          'aria-label': `Size over time: ${sizeWords(points)}`,
        },
        svg('path', { d: 'M0 0H640M0 80H640', class: 'size-grid' }),
        svg('path', { d: 'M0 160H640', class: 'size-axis' }),
        svg('path', { d: path, class: 'size-line' }),
      ),
      h(
        'p',
        { class: 'size-dates', 'aria-hidden': 'true' },
        h('span', null, moment(points[0].at)),
        h('span', null, 'now'),
      ),
    ),
    h(
      'figcaption',
      null,
      h(
        'details',
        null,
        h('summary', null, 'As a table'),
        h(
          'table',
          { class: 'size-table' },
          h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Since'), h('th', { scope: 'col' }, 'People'))),
          h(
            'tbody',
            null,
            points
              .slice(-30)
              .reverse()
              .map(({ at, people, hidden }) =>
                h(
                  'tr',
                  null,
                  h('td', null, moment(at)),
                  h('td', null, people === null ? (hidden ?? 'not told') : number(people)),
                ),
              ),
          ),
        ),
      ),
    ),
  );
}
