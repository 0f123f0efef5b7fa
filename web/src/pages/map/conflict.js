/**
 * Two operators changed the same zone: what differs, whose work should count. Their shape is outlined on the map beside
 * mine while the question stands.
 */
import { area } from '../../geo.js';
import { h } from '../../ui/dom.js';
import { moment, round1 } from '../../ui/format.js';
import { ask } from '../../ui/widgets.js';

/** @import {Shape, Zone} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Venue} from './venue.js' */
/** @import {Values} from './zone_form.js' */

/** @type {Record<string, string>} */
const FIELDS = {
  name: 'Name',
  kind: 'Kind',
  levels: 'Levels',
  store_id: 'Shop',
  color: 'Colour',
  tags: 'Tags',
  sensitivity: 'Sensitive place',
  rules: 'Entering and staying',
  schedule: 'Schedule',
  external_id: 'External id',
  metadata: 'Metadata',
};
/** These are read as they are; of the others only the name is told. */
const SHORT = ['name', 'levels', 'tags', 'external_id', 'color', 'kind'];

/**
 * @param {{base: Zone, theirs: Zone, values: Values, savedValues: Values, shape: Shape, venue: Venue, engine: Engine}} options
 *   `base` is what both started from, `savedValues` the same as the form shows it
 * @returns {Promise<'mine' | 'theirs' | null>} null: back to the form
 */
export async function settleConflict({ base, theirs, values, savedValues, shape, venue, engine }) {
  const theirShape = venue.shapeOf(theirs);
  const { name, version, updated_at } = theirs.properties;
  engine.marks.set('theirs', [theirShape]);
  const answer = await ask({
    title: 'Someone else changed this zone',
    testid: 'conflict-dialog',
    look: 'dialog-aside',
    body: [
      h('p', null, `While you were editing, it was saved as version ${version} (“${name}”) at ${moment(updated_at)}.`),
      table(differences({ base, theirs, values, savedValues, venue, shape, theirShape })),
      h('p', { class: 'field-hint' }, 'Their shape is the dashed outline on the map.'),
    ],
    actions: [
      { label: 'Back', value: '' },
      { label: 'Take theirs', value: 'theirs', testid: 'reload-theirs' },
      { label: 'Keep mine', value: 'mine', tone: 'primary', testid: 'keep-mine' },
    ],
  });
  engine.marks.clear('theirs');
  return answer === 'mine' || answer === 'theirs' ? answer : null;
}

/**
 * What differs now between mine and theirs: field, mine, theirs, in words.
 * @param {{base: Zone, theirs: Zone, values: Values, savedValues: Values, venue: Venue, shape: Shape, theirShape: Shape}} sides
 * @returns {[string, string, string][]}
 */
function differences({ base, theirs, values, savedValues, venue, shape, theirShape }) {
  /** @type {[string, string, string][]} */
  const rows = [];
  for (const [key, label] of Object.entries(FIELDS)) {
    /** @param {object} side */
    const of = (side) => tidy(/** @type {any} */ (side)[key]);
    const [was, other] = [of(base.properties), of(theirs.properties)];
    // a field shows a default where nothing is stored: untouched, it says what was
    const mine = of(values) === of(savedValues) ? was : of(values);
    if (mine === other) continue;
    const isShort = SHORT.includes(key);
    rows.push([label, isShort ? words(mine) : said(mine, was), isShort ? words(other) : said(other, was)]);
  }
  const [mine, other] = [shape, theirShape].map((side) => `${round1(area(side))} m²`);
  const isSame = JSON.stringify(venue.toGeoJson(shape)) === JSON.stringify(venue.toGeoJson(theirShape));
  if (!isSame) rows.push(['Shape', mine, other]);
  return rows;
}

/** Empty in whatever way is one and the same. @param {unknown} value @returns {string} JSON */
function tidy(value) {
  const text = JSON.stringify(value, (_, inner) => {
    if (!inner || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const filled = Object.entries(inner).filter(([, v]) => v !== null && !(Array.isArray(v) && v.length === 0));
    return Object.fromEntries(filled.sort(([a], [b]) => a.localeCompare(b)));
  });
  return text === undefined || ['null', '{}', '[]', '""'].includes(text) ? '' : text;
}

/** @param {string} json */
const words = (json) => (json === '' ? 'none' : [JSON.parse(json)].flat().join(', '));

/** @param {string} json @param {string} was */
const said = (json, was) => (json === was ? 'as it was' : 'changed');

/** @param {[string, string, string][]} rows */
function table(rows) {
  if (!rows.length) return h('p', null, 'Both say the same.');
  return h(
    'table',
    { class: 'diff', 'data-testid': 'conflict-diff' },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('th', { scope: 'col' }, 'Field'),
        h('th', { scope: 'col' }, 'Mine'),
        h('th', { scope: 'col' }, 'Theirs'),
      ),
    ),
    h(
      'tbody',
      null,
      rows.map(([label, mine, other]) =>
        h('tr', null, h('th', { scope: 'row' }, label), h('td', null, mine), h('td', null, other)),
      ),
    ),
  );
}
