/** The revenue of a store over twelve months as a small line; a month of which nothing is told is a gap. */
import { svg } from '../../ui/dom.js';
import { money } from '../../ui/format.js';
import { monthText } from './words.js';

/** @import {LeagueRow} from '../../types_marketplace' */

const WIDTH = 96;
const HEIGHT = 24;

/** @param {LeagueRow} row @param {string[]} months */
export function trendLine({ trend, currency }, months) {
  const top = Math.max(1, ...trend.map((value) => value ?? 0));
  let path = '';
  let isDrawn = false;
  trend.forEach((value, i) => {
    if (value !== null) {
      const x = (i * WIDTH) / Math.max(1, trend.length - 1);
      const y = HEIGHT * (1 - Math.max(0, value) / top);
      path += `${isDrawn ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
      if (!isDrawn) path += `l.01 0`; // a single month is a dot
    }
    isDrawn = value !== null;
  });
  const told = trend.filter((value) => value !== null);
  const words = told.length
    ? `Revenue from ${monthText(months[0])} to ${monthText(months[months.length - 1])}, at most ${money(Math.max(...told), currency)}`
    : 'Revenue is not told';
  return svg(
    'svg',
    { viewBox: '-2 -3 100 30', class: 'size-spark', role: 'img', 'aria-label': words },
    svg('path', { d: path || 'M0 0', class: 'size-line' }),
  );
}
