/**
 * Small charts out of lists and tables: bars lying and standing, and the hours of a week. Each is readable as text; what
 * is not told is hatched, what is not over is left blank.
 */
import { h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { hourRows, hourWords, scale, WEEKDAYS } from './numbers.js';
import { addDays, dayName, dayOfMonth, dayWords, weekday } from './periods.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Footfall} from '../../types' */

const NOT_TOLD = 'not told';

/** @param {number | null} value */
export const told = (value) => (value === null ? NOT_TOLD : number(value));

/** @param {string} title @param {Child} note @param {...Child} body */
export function card(title, note, ...body) {
  return h(
    'section',
    { class: 'card chart', 'aria-label': title },
    h('h2', null, title),
    note && h('p', { class: 'quiet' }, note),
    body,
  );
}

/**
 * A ranked list with a bar each.
 * @param {{label: Child, value: number | null, text?: string}[]} rows
 * @param {string} testid
 */
export function lyingBars(rows, testid) {
  const top = Math.max(1, ...rows.map(({ value }) => value ?? 0));
  return h(
    'ul',
    { class: 'bars footfall-bars', 'data-testid': testid },
    rows.map(({ label, value, text }) =>
      h(
        'li',
        null,
        h('span', null, label),
        h(
          'span',
          { class: `bar ${value === null ? 'hatch' : ''}`, 'aria-hidden': 'true' },
          h('span', { style: { width: `${(100 * (value ?? 0)) / top}%` } }),
        ),
        h('b', { class: value === null ? 'quiet' : '' }, text ?? told(value)),
      ),
    ),
  );
}

/**
 * Standing bars along time.
 * @param {{label: string, short: Child, value: number | null, text: string, href?: string, state: 'told' | 'hidden' | 'open', marked?: boolean}[]} columns
 * @param {string} testid
 */
export function standingBars(columns, testid) {
  const top = Math.max(1, ...columns.map(({ value }) => value ?? 0));
  return h(
    'ol',
    { class: `columns ${columns.length > 8 ? 'columns-many' : ''}`, 'data-testid': testid },
    columns.map(({ label, short, value, text, href, state, marked }) => {
      const height =
        state === 'told' ? Math.max(value ? 2 : 0, (100 * (value ?? 0)) / top) : state === 'hidden' ? 12 : 0;
      const look = `column-bar ${state === 'hidden' ? 'hatch' : ''} ${marked ? 'column-top' : ''}`;
      const inside = [
        h(
          'span',
          { class: 'column-area', 'aria-hidden': 'true' },
          h('span', { class: 'column-value' }, state === 'told' ? number(value) : ''),
          h('span', { class: look, style: { height: `${height}%` } }),
        ),
        h('span', { class: 'column-label', 'aria-hidden': 'true' }, short),
        h('span', { class: 'visually-hidden' }, `${label}: ${text}`),
      ];
      const title = `${label}: ${text}`;
      return h(
        'li',
        null,
        href ? h('a', { href, class: 'column', title }, inside) : h('span', { class: 'column', title }, inside),
      );
    }),
  );
}

/** Each day of a week or month. @param {Footfall} footfall @param {string} today @param {(on: string) => string} href */
export function dayBars({ by_day: days }, today, href) {
  const most = Math.max(...days.map(({ visits }) => visits ?? 0));
  return standingBars(
    days.map(({ on, visits, people }) => {
      const state = on >= today ? 'open' : visits === null ? 'hidden' : 'told';
      const text =
        state === 'open'
          ? 'not over yet'
          : `${told(visits)}${visits === null ? '' : ' visits'}, people: ${told(people)}`;
      return {
        label: dayWords(on),
        short: days.length > 8 ? everyFifth(on) : [dayName(on), h('small', null, dayOfMonth(on))],
        value: visits,
        text,
        href: on < today ? href(on) : undefined,
        state,
        marked: Boolean(visits) && visits === most,
      };
    }),
    'by-day',
  );
}

/** Room is for few numbers below the days of a month. @param {string} on */
const everyFifth = (on) => (dayOfMonth(on) === '1' || Number(dayOfMonth(on)) % 5 === 0 ? dayOfMonth(on) : '');

/** The hours of one day. @param {Footfall} footfall @param {string} today */
export function hourBars({ hours, from }, today) {
  const day = hourRows(hours)[weekday(from)];
  const most = Math.max(...day.map((value) => value ?? 0));
  return standingBars(
    day.map((value, hour) => {
      const state = from >= today ? 'open' : value === null ? 'hidden' : 'told';
      return {
        label: hourWords(hour),
        short: hour % 3 === 0 ? String(hour).padStart(2, '0') : '',
        value,
        text: state === 'open' ? 'not over yet' : `${told(value)} people`,
        state,
        marked: Boolean(value) && value === most,
      };
    }),
    'by-hour',
  );
}

/** The hours of a week as a table that is a picture. @param {Footfall} footfall @param {string} today */
export function weekTable({ hours, from, to, peak }, today) {
  const over = new Set();
  for (let on = from; on <= to && on < today; on = addDays(on, 1)) over.add(weekday(on));
  return hoursTable(hours, { of: 'people', over, peak });
}

/**
 * 168 hours, Monday 0:00 first, as a table that is a picture.
 * @param {(number | null)[]} hours
 * @param {{of: string, over?: Set<number>, peak?: {weekday: number, hour: number} | null}} options `of`: what is counted;
 *   `over`: the weekdays that are, else all
 */
export function hoursTable(hours, { of, over, peak = null }) {
  const rows = hourRows(hours);
  const { step, words } = scale(hours);
  return [
    h(
      'table',
      { class: 'week', 'data-testid': 'week-hours' },
      h('caption', { class: 'visually-hidden' }, `${of} by weekday and hour`),
      h('thead', null, hourHeads(rows[0].length)),
      h(
        'tbody',
        null,
        rows.map((row, day) =>
          h(
            'tr',
            null,
            h('th', { scope: 'row' }, h('abbr', { title: WEEKDAYS[day] }, WEEKDAYS[day].slice(0, 2))),
            row.map((value, hour) =>
              cell(value, {
                when: `${WEEKDAYS[day]} ${hourWords(hour)}`,
                of,
                isOver: over?.has(day) ?? true,
                step,
                isPeak: peak?.weekday === day && peak.hour === hour,
              }),
            ),
          ),
        ),
      ),
    ),
    legend(words),
  ];
}

/** Every third hour to see, every hour to hear: a column may be narrower than two digits. @param {number} count */
function hourHeads(count) {
  const hours = Array.from({ length: count }, (_, hour) => String(hour).padStart(2, '0'));
  const seen = hours.filter((_, hour) => hour % 3 === 0);
  return [
    h(
      'tr',
      { 'aria-hidden': 'true' },
      h('td', null),
      seen.map((hour) => h('td', { class: 'week-hour', colspan: 3 }, hour)),
    ),
    h(
      'tr',
      { class: 'week-heads' },
      h('td', null),
      hours.map((hour) => h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, `${hour}:00`))),
    ),
  ];
}

/**
 * @param {number | null} value
 * @param {{when: string, of: string, isOver: boolean, step: (value: number) => number, isPeak: boolean}} options
 */
function cell(value, { when, of, isOver, step, isPeak }) {
  const text = !isOver ? 'not over yet' : value === null ? NOT_TOLD : `${number(value)} ${of}`;
  const look = !isOver ? 'open' : value === null ? 'hatch' : `step-${step(value)}`;
  return h(
    'td',
    { class: `${look} ${isPeak ? 'peak' : ''}`, title: `${when}: ${text}` },
    h('span', { class: 'week-number' }, isOver ? told(value) : 'not over yet'),
  );
}

/** @param {string[]} words @param {string} [kind] */
export function legend(words, kind = 'step') {
  return h(
    'ul',
    { class: 'legend', 'aria-label': 'Colours' },
    words.map((text, i) => h('li', null, h('span', { class: `swatch ${kind}-${i + 1}`, 'aria-hidden': 'true' }), text)),
    h('li', null, h('span', { class: 'swatch hatch', 'aria-hidden': 'true' }), NOT_TOLD),
  );
}
