/** Import of street stores from a CSV file, with a template to start from. */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { openImport } from '../imports/import_dialog.js';
import { flaws, outcomePill } from '../imports/report.js';

/** @import {Context, ImportItem, ImportReport} from '../../types' */

const MOST_BYTES = 50e6;
const MOST_ROWS = 300;
const COLUMNS = [
  'external_id',
  'name',
  'lon',
  'lat',
  'address',
  'category',
  'brand_color',
  'timezone',
  'catchment_m',
  'delivery_m',
];
const EXAMPLE = [
  'shop-001',
  'Corner bakery',
  '12.3747',
  '51.3405',
  '"Markt 1, 04109 Leipzig"',
  'bakery',
  '#8a5a2b',
  'Europe/Berlin',
  '150',
  '2000',
];

/** @param {Context} context @param {() => void} onDone */
export function openStoreImport(context, onDone) {
  const file = new Blob([`${COLUMNS.join(',')}\r\n${EXAMPLE.join(',')}\r\n`], { type: 'text/csv' });
  const address = URL.createObjectURL(file);
  const dialog = openImport({
    title: 'Import stores',
    testid: 'store-import',
    path: '/v1/imports/stores',
    intro: [
      h(
        'p',
        null,
        'One line for each store; the first line names the columns. Needed are external_id (your own id of the store), name, lon and lat (degrees). With catchment_m or delivery_m a store gets a draft zone of that many metres. A known external_id brings its store up to date.',
      ),
      h(
        'a',
        { class: 'button button-small', href: address, download: 'stores.csv', 'data-testid': 'csv-template' },
        icon('download', 16),
        'Download a template',
      ),
    ],
    accept: '.csv,.txt,text/csv',
    choose: 'Choose a CSV file, or drop it here',
    hint: 'UTF-8, columns separated by commas, semicolons or tabs',
    mostBytes: MOST_BYTES,
    mediaType: () => 'text/csv',
    options: null,
    query: () => ({}),
    details: (report) => ({ node: lines(report) }),
    next: () => null,
  });
  dialog.node.addEventListener('close', () => {
    URL.revokeObjectURL(address);
    onDone();
  });
  context.announce('Import stores');
}

/** @param {ImportReport} report */
function lines(report) {
  const stores = report.items;
  const ofFile = flaws({ ...report, items: [] });
  // what is wrong comes first: a long file hides it otherwise
  const sorted = [...stores].sort((a, b) => Number(b.problems.length > 0) - Number(a.problems.length > 0));
  const rest = stores.length - Math.min(stores.length, MOST_ROWS);
  return h(
    'div',
    { class: 'csv-preview' },
    ofFile.map(({ detail, where }) => h('p', { class: 'notice' }, where ? `${where}: ${detail}` : detail)),
    h(
      'table',
      { class: 'counts csv-lines', 'data-testid': 'csv-lines' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['Line', 'What', 'Outcome', 'Problem'].map((words) => h('th', { scope: 'col' }, words)),
        ),
      ),
      h('tbody', null, sorted.slice(0, MOST_ROWS).map(line)),
    ),
    rest > 0 && h('p', { class: 'quiet' }, `and ${rest} more`),
  );
}

/** @param {ImportItem} item */
function line({ pointer, name, external_id, kind, outcome, problems }) {
  return h(
    'tr',
    { class: outcome === 'refused' ? 'line-bad' : '', 'data-testid': 'csv-line' },
    h('td', { class: 'num' }, pointer.replace(/^line /, '')),
    h('td', null, name ?? external_id ?? '–', kind === 'zone' && h('span', { class: 'quiet' }, ' (zone)')),
    h('td', null, outcomePill(outcome)),
    h(
      'td',
      null,
      problems.map(({ detail }) => h('p', null, detail)),
    ),
  );
}
