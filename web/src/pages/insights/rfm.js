/** Recency and frequency as a grid of 25, the groups in it, and who moved between them. */
import { get } from '../../api.js';
import { h } from '../../ui/dom.js';
import { money, number } from '../../ui/format.js';
import { empty } from '../../ui/widgets.js';
import { card, told } from '../footfall/charts.js';
import { scale } from '../footfall/numbers.js';

/** @import {Rfm} from '../../types' */
/** @import {Asked} from './index.js' */

const SCORES = [5, 4, 3, 2, 1];
const MOST_MOVES = 12;

/** @param {Asked} asked @returns {Promise<Node | Node[]>} */
export async function rfm({ scope, csvLink, signal }) {
  /** @type {Rfm} */
  const found = await get('/v1/metrics/rfm', scope, signal);
  if (!found.customers) return empty('No customers yet', 'The grid fills with the first orders.');
  return [
    h(
      'div',
      { class: 'metric-pair' },
      card('How recently and how often', found.formula, grid(found), csvLink('/v1/metrics/rfm', scope)),
      card('Groups', `${told(found.customers)} customers on ${found.on}`, groups(found)),
    ),
    card(`Who moved since ${found.before}`, null, movements(found)),
  ];
}

/** @param {Rfm} found */
function grid({ cells }) {
  const { step } = scale(cells.map(({ people }) => people));
  const at = new Map(cells.map((cell) => [`${cell.recency}-${cell.frequency}`, cell]));
  return h(
    'table',
    { class: 'rfm', 'data-testid': 'rfm' },
    h('caption', null, 'Down: how recently they bought (5 most recently). Across: on how many days (5 most).'),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('td', null),
        [...SCORES].reverse().map((score) => h('th', { scope: 'col' }, String(score))),
      ),
    ),
    h(
      'tbody',
      null,
      SCORES.map((recency) =>
        h(
          'tr',
          null,
          h('th', { scope: 'row' }, String(recency)),
          [...SCORES].reverse().map((frequency) => {
            const cell = at.get(`${recency}-${frequency}`);
            const people = cell?.people ?? null;
            return h(
              'td',
              { class: people === null ? 'hatch' : `step-${step(people)}`, title: cell?.group ?? '' },
              h('strong', null, people === null ? '' : number(people)),
              h('small', null, cell?.group ?? ''),
            );
          }),
        ),
      ),
    ),
  );
}

/** @param {Rfm} found */
const groups = ({ groups: all, currency }) =>
  h(
    'ul',
    { class: 'rfm-groups', 'data-testid': 'rfm-groups' },
    all.map(({ name, words, people, spent_minor: spent }) =>
      h(
        'li',
        null,
        h('strong', null, name),
        h('span', { class: 'quiet' }, words),
        h('span', { class: 'num' }, `${told(people)}${spent === null ? '' : ` · ${money(spent, currency)}`}`),
      ),
    ),
  );

/** @param {Rfm} found */
function movements({ movements: all }) {
  const moved = all
    .filter(({ before, after, people }) => before !== after && people)
    .sort((a, b) => (b.people ?? 0) - (a.people ?? 0));
  if (!moved.length) return h('p', { class: 'quiet' }, 'Nobody, as far as may be told.');
  return h(
    'ol',
    { class: 'rfm-moves', 'data-testid': 'rfm-moves' },
    moved
      .slice(0, MOST_MOVES)
      .map(({ before, after, people }) =>
        h('li', null, h('b', null, number(people)), ` ${before === 'not_yet' ? 'new' : before} → ${after}`),
      ),
  );
}
