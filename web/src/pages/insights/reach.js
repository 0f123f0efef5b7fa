/** Whom one can reach: by channel from the known people to those whom a message really gets to. */
import { get } from '../../api.js';
import { h } from '../../ui/dom.js';
import { card, told } from '../footfall/charts.js';
import { channelText } from '../people/words.js';
import { percent } from './words.js';

/** @import {Funnel} from '../../types' */
/** @import {Asked} from './index.js' */

/** @type {['known' | 'consent' | 'address' | 'alive', string][]} */
const STAGES = [
  ['known', 'Known'],
  ['consent', 'Agreed'],
  ['address', 'With address'],
  ['alive', 'Reached'],
];

/** @param {Asked} asked @returns {Promise<Node>} */
export async function reach({ scope, csvLink, signal }) {
  /** @type {Funnel} */
  const found = await get('/v1/metrics/funnel', scope, signal);
  return card(
    'From known to reached',
    found.formula,
    h(
      'table',
      { class: 'funnel', 'data-testid': 'funnel' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Channel'),
          STAGES.map(([, words]) => h('th', { scope: 'col' }, words)),
        ),
      ),
      h('tbody', null, found.items.map(row)),
    ),
    csvLink('/v1/metrics/funnel', scope),
  );
}

/** @param {Funnel['items'][number]} item */
const row = (item) =>
  h(
    'tr',
    null,
    h('th', { scope: 'row' }, channelText(item.channel)),
    STAGES.map(([stage]) => {
      const people = item[stage];
      const share = people !== null && item.known ? people / item.known : null;
      return h(
        'td',
        null,
        h('span', { class: 'funnel-number' }, told(people)),
        h(
          'span',
          { class: `bar ${people === null ? 'hatch' : ''}`, 'aria-hidden': 'true' },
          h('span', { style: { width: `${100 * (share ?? 0)}%` } }),
        ),
        stage !== 'known' && share !== null && h('small', { class: 'quiet' }, percent(share)),
      );
    }),
  );
