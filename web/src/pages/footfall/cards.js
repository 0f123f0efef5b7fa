/** The cards below the first line: time, stay, ways, places. Each that asks the server loads and fails by itself. */
import { get, queryString } from '../../api.js';
import { h } from '../../ui/dom.js';
import { duration } from '../../ui/format.js';
import { whileLoading } from '../../ui/widgets.js';
import { card, dayBars, hourBars, lyingBars, weekTable } from './charts.js';
import { peakWords } from './numbers.js';
import { addDays, dayWords, periodWords } from './periods.js';
import { placesTable } from './places.js';

/** @import {Flow, Footfall, FootfallPlace} from '../../types' */
/** @import {Venue} from '../map/venue.js' */
/** @import {Choice} from './controls.js' */
/** @import {View} from './index.js' */
/** @typedef {'zone' | 'store' | 'level'} By */

const FLOWS = 12;

/** @param {Footfall} now */
export function hiddenNote({ hidden, k }) {
  return (
    hidden.cells > 0 &&
    h(
      'p',
      { class: 'quiet hidden-note', 'data-testid': 'hidden-note' },
      h('span', { class: 'swatch hatch', 'aria-hidden': 'true' }),
      `${hidden.why}: a number is told only when it stands for at least ${k} people, also beside the other numbers.`,
    )
  );
}

/** @param {Footfall} now @param {Footfall} before @param {View} view */
export function timeCards(now, before, { choice, today }) {
  const dayHref = (/** @type {string} */ on) => `/footfall${queryString({ ...choice, period: 'day', on })}`;
  if (now.period === 'day') return card('Hour by hour', 'People who came in during each hour.', hourBars(now, today));
  return [
    h(
      'div',
      { class: 'footfall-pair' },
      card('Day by day', 'Visits of each day; a day opens with a click.', dayBars(now, today, dayHref)),
      stayCard(now, before),
    ),
    card(
      'Hours of the week',
      now.peak
        ? `People who came in during each hour. Most came on ${peakWords(now.peak)}.`
        : 'People who came in during each hour.',
      weekTable(now, today),
    ),
  ];
}

/** @param {Footfall} now @param {Footfall} before */
function stayCard(now, before) {
  const shown = [now, before].find(({ dwell }) => dwell.bins.some(({ visits }) => visits));
  if (!shown)
    return card('How long visits last', null, h('p', { class: 'quiet' }, `Told when a ${now.period} is over.`));
  const note =
    shown === now
      ? 'Visits of a zone, by how long they lasted.'
      : `This ${now.period} is not over. Until then: ${periodWords(before.period, before.from)}.`;
  const rows = shown.dwell.bins.map(({ from_s: from, to_s: to, visits }) => ({
    label: stayWords(from, to),
    value: visits,
  }));
  return card('How long visits last', note, lyingBars(rows, 'dwell'));
}

/** @param {number} from seconds @param {number | null} to */
function stayWords(from, to) {
  if (to === null) return `${duration(from)} and more`;
  return from === 0 ? `under ${duration(to)}` : `${from / 60} to ${to / 60} min`;
}

/** Ways between zones; of a period in progress, those of its last finished day. @param {View} view @param {Footfall} now */
export function flowsCard({ choice, venue, signal, today }, now) {
  const last = addDays(today, -1);
  const [period, on] = now.complete ? [choice.period, choice.on] : /** @type {const} */ (['day', last]);
  const body = h('div', null);
  const note = `People who went straight from one zone to the next${now.complete ? '' : `, ${dayWords(last)}`}.`;
  const node = card('From zone to zone', note, body);
  whileLoading(
    body,
    () => get('/v1/footfall/flows', { mall_id: choice.mall, period, on }, signal),
    ({ items, hidden }) => {
      const here = zonesOf(venue, choice);
      const flows = /** @type {Flow[]} */ (items).filter(
        ({ from_zone_id: from, to_zone_id: to }) => !here || here.has(from) || here.has(to),
      );
      if (flows.length === 0) return h('p', { class: 'quiet' }, 'No way between two zones is told.');
      const rows = flows
        .slice(0, FLOWS)
        .map((flow) => ({ label: [flow.from_name, ' → ', flow.to_name], value: flow.people }));
      const left = flows.length - rows.length;
      return [
        lyingBars(rows, 'flows'),
        h('p', { class: 'quiet' }, [left > 0 && `And ${left} more. `, hidden.cells > 0 && `${hidden.why}.`]),
      ];
    },
  );
  return node;
}

/** The zones of the chosen place; null for the whole mall. @param {Venue} venue @param {Choice} choice */
function zonesOf(venue, { zone, store, level }) {
  if (zone) return new Set([zone]);
  if (!store && level === null) return null;
  const own = venue
    .zones()
    .filter((item) => (store ? item.properties.store_id === store : item.properties.levels.includes(Number(level))));
  return new Set(own.map(({ id }) => id));
}

/** @param {View} view @param {Footfall} now */
export function placesCard({ choice, venue, signal }, now) {
  const body = h('div', null);
  /** @type {[By, string][]} */
  const kinds = [
    ['zone', 'Zones'],
    ['store', 'Stores'],
    ['level', 'Levels'],
  ];
  const switches = kinds.map(([by, label]) =>
    h(
      'button',
      { type: 'button', class: 'segment', 'data-testid': `places-${by}`, on: { click: () => show(by) } },
      label,
    ),
  );
  /** @param {FootfallPlace} place */
  function href({ kind, id, level }) {
    const place = { zone: null, store: null, level: null, [kind]: kind === 'level' ? level : id };
    return `/footfall${queryString({ ...choice, ...place })}`;
  }

  /** @param {By} by */
  function show(by) {
    switches.forEach((button, i) => button.setAttribute('aria-pressed', String(kinds[i][0] === by)));
    whileLoading(
      body,
      () => get('/v1/footfall/places', { mall_id: choice.mall, period: choice.period, on: choice.on, by }, signal),
      ({ items }) =>
        items.length
          ? placesTable({
              places: items,
              complete: now.complete,
              isDay: now.period === 'day',
              href,
              levelName: (n) => venue.level(n)?.properties.name ?? '',
            })
          : h('p', { class: 'quiet' }, 'There is none.'),
    );
  }

  show('zone');
  const note = now.complete ? null : `People, stay and return are told when the ${now.period} is over.`;
  return card('Places', note, h('div', { class: 'segments', role: 'group', 'aria-label': 'Places' }, switches), body);
}
