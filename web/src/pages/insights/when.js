/** When and where are they: the hours of the week in which people come, open and order; devices and languages. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { card, hoursTable, lyingBars } from '../footfall/charts.js';

/** @import {When} from '../../types' */
/** @import {Asked} from './index.js' */

const KINDS = { orders: 'Orders', visits: 'Visits', opens: 'Opened messages' };
const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language' });

/** @param {Asked} asked @returns {Promise<Node | Node[]>} */
export async function when({ scope, csvLink, signal }) {
  /** @type {When} */
  const found = await get('/v1/metrics/when', scope, signal);
  const box = h('div', { class: 'stack' });
  const kinds = Object.entries(KINDS).map(([kind, words]) =>
    h(
      'button',
      { type: 'button', class: 'segment', 'data-testid': `when-${kind}`, on: { click: () => show(kind) } },
      words,
    ),
  );

  /** @param {string} kind */
  function show(kind) {
    kinds.forEach((button, i) => button.setAttribute('aria-pressed', String(Object.keys(KINDS)[i] === kind)));
    const hours = found.items.find((item) => item.kind === kind)?.hours ?? [];
    const some = hours.some((value) => value !== 0);
    fill(box, some ? hoursTable(hours, { of: kind }) : h('p', { class: 'quiet' }, 'Nothing in these days.'));
  }

  const first = Object.keys(KINDS).find((kind) =>
    found.items.find((item) => item.kind === kind)?.hours.some((value) => value !== 0),
  );
  show(first ?? 'orders');
  const days = found.from ? `${found.from} to ${found.to}, local time` : 'No month is over yet';
  return [
    card(
      'The hours of the week',
      `${days}. ${found.formula}`,
      h('div', { class: 'segments', role: 'group', 'aria-label': 'What is counted' }, kinds),
      box,
      csvLink('/v1/metrics/when', scope),
    ),
    h(
      'div',
      { class: 'metric-pair' },
      card(
        'Devices',
        null,
        counts(found.devices, (name) => name || 'unknown', 'devices'),
      ),
      card('Languages', null, counts(found.languages, languageName, 'languages')),
    ),
  ];
}

/** @param {When['devices']} rows @param {(name: string) => string} label @param {string} testid */
const counts = (rows, label, testid) =>
  rows.length
    ? lyingBars(
        rows.map(({ name, people }) => ({ label: label(name), value: people })),
        testid,
      )
    : h('p', { class: 'quiet' }, 'None is known yet.');

/** @param {string} name */
function languageName(name) {
  try {
    return name ? (LANGUAGES.of(name) ?? name) : 'unknown';
  } catch {
    return name;
  }
}
