/** The places of the mall side by side, in any order. */
import { fill, h } from '../../ui/dom.js';
import { duration } from '../../ui/format.js';
import { told } from './charts.js';
import { peakShort, percent, sortPlaces } from './numbers.js';

/** @import {FootfallPlace} from '../../types' */
/** @import {SortKey} from './numbers.js' */
/** @typedef {{key: SortKey, label: string, text: (place: FootfallPlace) => string, finished?: boolean, long?: boolean}} Column */

const ROWS = 10;
/** @type {Column[]} `finished`: told only of periods that are over; `long`: not of days */
const COLUMNS = [
  { key: 'visits', label: 'Visits', text: ({ visits }) => told(visits) },
  { key: 'people', label: 'People', text: ({ people }) => told(people), finished: true },
  {
    key: 'median_dwell_s',
    label: 'Typical stay',
    text: ({ median_dwell_s: s }) => (s === null ? 'not told' : duration(s)),
    finished: true,
    long: true,
  },
  {
    key: 'returning_share',
    label: 'Came back',
    text: ({ returning_share: s }) => (s === null ? 'not told' : percent(s)),
    finished: true,
  },
  { key: 'peak', label: 'Busiest hour', text: ({ peak }) => peakShort(peak) },
];

/**
 * @param {{places: FootfallPlace[], complete: boolean, isDay: boolean, href: (place: FootfallPlace) => string | null, levelName: (ordinal: number) => string}} options
 */
export function placesTable({ places, complete, isDay, href, levelName }) {
  const columns = COLUMNS.filter(({ finished, long }) => (complete || !finished) && !(isDay && long));
  let key = /** @type {SortKey} */ ('visits');
  let descending = true;
  let all = places.length <= ROWS + 2;
  const top = Math.max(1, ...places.map(({ visits }) => visits ?? 0));
  const body = h('tbody', null);
  const heads = [{ key: /** @type {SortKey} */ ('name'), label: 'Place' }, ...columns].map((column) => ({
    column,
    node: h(
      'th',
      { scope: 'col', class: column.key === 'name' ? '' : 'num' },
      h(
        'button',
        { type: 'button', class: 'sort', 'data-testid': `sort-${column.key}`, on: { click: () => sortBy(column.key) } },
        column.label,
      ),
    ),
  }));

  /** @param {SortKey} next */
  function sortBy(next) {
    descending = next === key ? !descending : next !== 'name';
    key = next;
    draw();
  }

  function draw() {
    for (const { column, node } of heads) {
      if (column.key === key) node.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else node.removeAttribute('aria-sort');
    }
    const sorted = sortPlaces(places, key, descending);
    fill(body, sorted.slice(0, all ? undefined : ROWS).map(row));
  }

  /** @param {FootfallPlace} place */
  function row(place) {
    const url = href(place);
    const share = `${(100 * (place.visits ?? 0)) / top}%`;
    return h(
      'tr',
      { 'data-testid': 'place-row' },
      h(
        'th',
        { scope: 'row', class: 'wide-cell' },
        url ? h('a', { href: url, class: 'title-link' }, place.name) : place.name,
        place.kind !== 'level' && place.level !== null && h('span', { class: 'quiet' }, levelName(place.level)),
        h(
          'span',
          { class: `bar ${place.visits === null ? 'hatch' : ''}`, 'aria-hidden': 'true' },
          h('span', { style: { width: share } }),
        ),
      ),
      columns.map((column) => h('td', { class: 'num', 'data-label': column.label }, column.text(place))),
    );
  }

  const more = h(
    'button',
    { type: 'button', class: 'button', hidden: all, 'data-testid': 'all-places', on: { click: showAll } },
    `Show all ${places.length}`,
  );

  function showAll() {
    all = true;
    more.hidden = true;
    draw();
    /** @type {HTMLElement | null} */ (body.rows[ROWS]?.querySelector('a'))?.focus();
  }

  draw();
  const table = h(
    'table',
    { class: 'table places', 'data-testid': 'places' },
    h('caption', { class: 'visually-hidden' }, 'Places and their footfall'),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        heads.map(({ node }) => node),
      ),
    ),
    body,
  );
  return [table, more];
}
