/** Which place, which period: the row above the numbers. Says what was chosen; loads nothing. */
import { fill, h } from '../../ui/dom.js';
import { field } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { isDate, PERIODS, periodWords, shift, span } from './periods.js';

/** @import {Mall} from '../../types' */
/** @import {Venue} from '../map/venue.js' */
/** @import {Period} from './periods.js' */
/** @typedef {{mall: string, period: Period, on: string, zone: string | null, store: string | null, level: number | null}} Choice */

/**
 * @param {{malls: Mall[], venue: Venue, onChange: (change: Partial<Choice>) => void}} options
 */
export function makeControls({ malls, venue, onChange }) {
  const switches = PERIODS.map(([period, label]) =>
    h(
      'button',
      {
        type: 'button',
        class: 'segment',
        'data-testid': `period-${period}`,
        on: { click: () => onChange({ period }) },
      },
      label,
    ),
  );
  const date = field('Day in it', h('input', { type: 'date', required: true }), { testid: 'footfall-on' });
  const where = field('Place', h('select', null, placeOptions(venue)), { testid: 'footfall-place' });
  const mall = field(
    'Mall',
    h(
      'select',
      null,
      malls.map(({ id, name }) => h('option', { value: id }, name)),
    ),
    {
      testid: 'footfall-mall',
    },
  );
  const words = h('h2', { class: 'period-words', 'data-testid': 'period-words' });
  const back = step('back', 'Earlier', -1);
  const forward = step('next', 'Later', 1);
  /** @type {Choice | null} */
  let choice = null;

  date.input.addEventListener('change', () => isDate(date.input.value) && onChange({ on: date.input.value }));
  where.input.addEventListener('change', () => onChange(readPlace(where.input.value)));
  mall.input.addEventListener('change', () =>
    onChange({ mall: mall.input.value, zone: null, store: null, level: null }),
  );

  /** @param {'back' | 'next'} name @param {string} label @param {number} by */
  function step(name, label, by) {
    const act = () => choice && onChange({ on: shift(choice.period, choice.on, by) });
    return h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label,
        title: label,
        'data-testid': `period-${name}`,
        on: { click: act },
      },
      icon(name),
    );
  }

  return {
    node: h(
      'div',
      { class: 'footfall-controls' },
      malls.length > 1 && mall.node,
      where.node,
      h(
        'div',
        { class: 'field' },
        h('span', { class: 'label', id: 'period-label' }, 'Period'),
        h('div', { class: 'segments', role: 'group', 'aria-labelledby': 'period-label' }, switches),
      ),
      date.node,
      h('div', { class: 'period-steps' }, back, words, forward),
    ),
    /** @param {Choice} next @param {string} today */
    show(next, today) {
      choice = next;
      switches.forEach((button, i) => button.setAttribute('aria-pressed', String(PERIODS[i][0] === next.period)));
      date.input.value = next.on;
      /** @type {HTMLInputElement} */ (date.input).max = today;
      mall.input.value = next.mall;
      where.input.value = placeValue(next);
      fill(words, periodWords(next.period, next.on));
      forward.disabled = span(next.period, shift(next.period, next.on, 1)).from > today;
    },
  };
}

/** @param {Venue} venue */
function placeOptions(venue) {
  const zones = venue
    .zones()
    .filter((zone) => zone.properties.published_version !== null && zone.properties.kind !== 'store');
  const stores = [...venue.stores].sort((a, b) => a.properties.name.localeCompare(b.properties.name));
  const option = (/** @type {string} */ value, /** @type {string} */ words) => h('option', { value }, words);
  return [
    option('mall', `All of ${venue.mall.name}`),
    h(
      'optgroup',
      { label: 'Levels' },
      venue.levels.map(({ properties: p }) => option(`level:${p.ordinal}`, p.name)),
    ),
    h(
      'optgroup',
      { label: 'Zones' },
      zones.map((zone) => option(`zone:${zone.id}`, zone.properties.name)),
    ),
    h(
      'optgroup',
      { label: 'Stores' },
      stores.map((store) => option(`store:${store.id}`, store.properties.name)),
    ),
  ];
}

/** @param {string} value @returns {Pick<Choice, 'zone' | 'store' | 'level'>} */
function readPlace(value) {
  const [kind, id] = value.split(':');
  return {
    zone: kind === 'zone' ? id : null,
    store: kind === 'store' ? id : null,
    level: kind === 'level' ? Number(id) : null,
  };
}

/** @param {Pick<Choice, 'zone' | 'store' | 'level'>} choice */
function placeValue({ zone, store, level }) {
  if (zone) return `zone:${zone}`;
  if (store) return `store:${store}`;
  return level === null ? 'mall' : `level:${level}`;
}
