/** What came of an import: counts, and the file of lines that were not taken. */
import { h } from '../../ui/dom.js';
import { duration, number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { KINDS, resultText } from './words.js';

/** @import {Import} from './words.js' */

/** @type {[keyof Import & ('added' | 'updated' | 'unchanged' | 'refused'), string][]} */
const OUTCOMES = [
  ['added', 'New'],
  ['updated', 'Changed'],
  ['unchanged', 'As they were'],
  ['refused', 'Refused'],
];

/** @param {Import} item */
export function resultCard(item) {
  const took = item.started_at && item.finished_at ? secondsBetween(item.started_at, item.finished_at) : null;
  return h(
    'section',
    { class: 'card', 'data-testid': 'import-result' },
    h('h2', null, 'Result'),
    h('p', { class: 'lead' }, resultText(item)),
    h(
      'dl',
      { class: 'tally' },
      OUTCOMES.map(([key, words]) =>
        h(
          'div',
          { 'data-outcome': key },
          h('dt', null, words),
          h('dd', { class: key === 'refused' && item.refused > 0 ? 'count-bad' : '' }, number(item[key])),
        ),
      ),
    ),
    h(
      'p',
      { class: 'quiet' },
      `${number(item.rows)} rows read`,
      item.kind === 'orders' && ', one for each line of an order',
      took !== null && ` in ${duration(took)}`,
      took !== null && took > 0 && `, ${number(Math.round(item.rows / took))} rows a second`,
      '.',
    ),
    item.status === 'cancelled' && item.rows > 0 && h('p', null, 'What was imported before it was stopped is there.'),
    item.errors > 0 && errors(item),
    item.status === 'done' &&
      item.errors === 0 &&
      h('p', { class: 'all-well' }, icon('check', 18), 'Every line of the file was taken.'),
  );
}

/** @param {Import} item */
function errors({ id, kind, errors: count }) {
  return h(
    'div',
    { class: 'note note-warn stack' },
    h(
      'p',
      null,
      `${number(count)} ${count === 1 ? 'line was' : 'lines were'} not taken. The file says for each its line, the column, what stands there and why. Correct them and send the ${KINDS[kind].toLowerCase()} again: what is there already is left as it is.`,
    ),
    h(
      'a',
      { class: 'button', href: `/v1/imports/data/${id}/errors.csv`, download: '', 'data-testid': 'import-errors' },
      icon('download', 18),
      'Error file (CSV)',
    ),
  );
}

/** @param {string} from @param {string} to */
const secondsBetween = (from, to) => Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
