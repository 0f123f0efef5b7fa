/** What customers are worth, so far and in the next year, and how unevenly. */
import { get } from '../../api.js';
import { h } from '../../ui/dom.js';
import { money, number } from '../../ui/format.js';
import { empty } from '../../ui/widgets.js';
import { card, lyingBars, standingBars } from '../footfall/charts.js';
import { percent } from './words.js';

/** @import {Spread, Worth} from '../../types' */
/** @import {Asked} from './index.js' */

/** @param {Asked} asked @returns {Promise<Node | Node[]>} */
export async function worth({ scope, csvLink, signal }) {
  /** @type {Worth} */
  const found = await get('/v1/metrics/worth', scope, signal);
  if (found.hidden) return empty('Not told', found.hidden);
  const parts = /** @type {[string, Spread, string][]} */ ([
    ['What they have spent so far', found.so_far, 'so-far'],
    ['What the next 365 days should bring', found.expected, 'expected'],
  ]);
  return [
    ...parts.map(([title, spread, name]) => card(title, lead(spread, found.currency), body(spread, found, name))),
    h('p', { class: 'quiet' }, found.formula),
    csvLink('/v1/metrics/worth', scope),
  ];
}

/** @param {Spread} spread @param {string | null} currency */
function lead({ people, mean_minor: mean, quantiles }, currency) {
  if (!people) return null;
  const half = quantiles.find(({ share }) => share === 0.5);
  const middle = half ? `; half of them below ${money(half.value_minor, currency)}` : '';
  return `${number(people)} customers, ${money(mean === null ? null : Math.round(mean), currency)} each on average${middle}.`;
}

/** @param {Spread} spread @param {Worth} found @param {string} name */
function body({ people, bins, tenths }, { currency }, name) {
  if (!people) return h('p', { class: 'quiet' }, 'Nothing to tell yet: a value model needs some months of orders.');
  return h(
    'div',
    { class: 'metric-pair' },
    standingBars(
      bins.map(({ low_minor: low, high_minor: high, people: n }) => ({
        label: binWords(low, high, currency),
        short: low === null ? '<' : short(low, currency),
        value: n,
        text: `${number(n)} customers`,
        state: 'told',
      })),
      `bins-${name}`,
    ),
    tenths.length > 0 &&
      h(
        'div',
        null,
        h('h3', null, 'Who brings how much'),
        lyingBars(
          tenths.map(({ n, value_minor: value, share }) => ({
            label: n === 1 ? 'Best tenth' : `${n}. tenth`,
            value: Math.max(0, value),
            text: share === null ? money(value, currency) : percent(share),
          })),
          `tenths-${name}`,
        ),
      ),
  );
}

/** @param {number | null} low @param {number | null} high @param {string | null} currency */
function binWords(low, high, currency) {
  if (low === null) return `below ${money(high, currency)}`;
  return high === null ? `${money(low, currency)} and more` : `${money(low, currency)} to ${money(high, currency)}`;
}

/** Without decimals and the code: it stands below a bar. @param {number} minor @param {string | null} currency */
const short = (minor, currency) =>
  money(minor, currency)
    .replace(/^[A-Z]{3} /, '')
    .replace(/\.\d+$/, '');
