/** What was deleted last night, for how long each kind of data is kept, and the receipts of erasures. */
import { call, get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { clock, day, number } from '../../ui/format.js';
import { empty, explain, failure, loading, toast } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';

/**
 * @typedef {{kind: string, what: string, left: string, days: number, usual: number, least: number, most: number,
 *   tables: string[]}} Kept
 * @typedef {{id: string, at: string, kind: string, table: string, rows: number, before: string}} Run
 * @typedef {{id: string, at: string, asked_by: string, reason: string, devices: number, ids: number,
 *   rows: Record<string, number>}} Receipt
 */

/** @type {Record<string, string>} */
const ASKED_BY = {
  person: 'the person',
  operator: 'an operator',
  server: 'the programme’s own server',
  journal: 'the journal of erasures, of a restored or repeated copy',
};

/** @type {import('../../types').Page} */
export function privacyPage(root, { me }) {
  const abort = new AbortController();
  const head = h('header', { class: 'page-head' }, h('h1', null, 'Privacy'));
  if (!may(me, 'admin')) {
    fill(root, h('div', { class: 'page' }, head, empty('Only for owners', 'Ask an owner of the programme.')));
    return () => {};
  }
  fill(
    root,
    h(
      'div',
      { class: 'page', 'data-testid': 'privacy-page' },
      head,
      part('Deleted by the last run', 'last-night', () => lastNight(abort.signal)),
      part('Kept for how long', 'kept', () => kept(abort.signal)),
      part('People who were erased', 'erased', () => erased(abort.signal)),
    ),
  );
  return () => abort.abort();

  /** @param {string} title @param {string} testid @param {() => Promise<import('../../ui/dom.js').Child>} load */
  function part(title, testid, load) {
    const body = h('div', { 'data-testid': testid });
    async function run() {
      fill(body, loading());
      try {
        fill(body, await load());
      } catch (error) {
        if (!abort.signal.aborted) fill(body, failure(error, run));
      }
    }
    run();
    return h('section', { class: 'stack', 'aria-labelledby': testid }, h('h2', { id: testid }, title), body);
  }
}

/** @param {AbortSignal} signal */
async function lastNight(signal) {
  /** @type {{items: Run[]}} */
  const { items } = await get('/v1/retention/runs', { limit: 200 }, signal);
  const [latest] = items;
  if (!latest)
    return empty('Nothing deleted yet', 'Whatever has grown old is deleted every night; nothing has so far.');
  const night = items.filter(({ at }) => day(at) === day(latest.at));
  /** @type {Map<string, {table: string, rows: number, before: string}>} */
  const byTable = new Map();
  for (const { table, rows, before } of night) {
    const sum = byTable.get(table);
    byTable.set(table, { table, rows: rows + (sum?.rows ?? 0), before: sum?.before ?? before });
  }
  return [
    h('p', { class: 'quiet' }, `${day(latest.at)}, ${clock(latest.at)}`),
    table(
      ['Table', 'Rows deleted', 'Older than'],
      [...byTable.values()].map((run) => [run.table, number(run.rows), `${day(run.before)} ${run.before.slice(0, 4)}`]),
      'What the last run deleted',
    ),
  ];
}

/** @param {AbortSignal} signal */
async function kept(signal) {
  /** @type {{items: Kept[], elsewhere: {table: string, kept: string}[]}} */
  const { items, elsewhere } = await get('/v1/retention', {}, signal);
  const fields = items.map((item) => ({ item, input: daysField(item) }));
  const said = h('p', { role: 'alert', class: 'field-error' });
  const save = h('button', { type: 'submit', class: 'button button-primary', 'data-testid': 'save-kept' }, 'Save');

  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    fill(said);
    const days = Object.fromEntries(
      fields
        .filter(({ item, input }) => Number(input.input.value) !== item.days)
        .map(({ item, input }) => [item.kind, Number(input.input.value)]),
    );
    if (Object.keys(days).length === 0) return toast('Nothing was changed.');
    save.disabled = true;
    try {
      const { data } = await call('PUT', '/v1/retention', { body: { days } });
      for (const { item } of fields)
        item.days = data.items.find((/** @type {Kept} */ { kind }) => kind === item.kind).days;
      toast('Saved. It counts from the next run on.');
    } catch (error) {
      fill(said, explain(error));
    } finally {
      save.disabled = false;
    }
  }

  return [
    h(
      'form',
      { class: 'kept-form', on: { submit } },
      h(
        'div',
        { class: 'kept-fields' },
        fields.map(({ input }) => input.node),
      ),
      said,
      save,
    ),
    h('h3', null, 'By a rule of the installation'),
    table(
      ['Table', 'Kept'],
      elsewhere.map((row) => [row.table, row.kept]),
      'Kept by a rule of the installation',
    ),
  ];
}

/** @param {Kept} item */
function daysField(item) {
  const label = item.kind.replaceAll('_', ' ');
  const hint = `${sentence(item.what)}. ${item.least} to ${item.most} days, usually ${item.usual}. Afterwards: ${item.left}.`;
  const attrs = { type: 'number', min: item.least, max: item.most, required: true, value: String(item.days) };
  return textField(`${sentence(label)}, days`, attrs, { hint, testid: `kept-${item.kind}` });
}

/** @param {AbortSignal} signal */
async function erased(signal) {
  /** @type {{items: Receipt[]}} */
  const { items } = await get('/v1/erasures', { limit: 50 }, signal);
  if (items.length === 0)
    return empty('Nobody was erased yet', 'A receipt says when and how much; it never says who it was.');
  return table(
    ['When', 'Asked by', 'Reason', 'Devices', 'Rows'],
    items.map((receipt) => [
      `${day(receipt.at)}, ${clock(receipt.at)}`,
      ASKED_BY[receipt.asked_by] ?? receipt.asked_by,
      receipt.reason.replaceAll('_', ' '),
      number(receipt.devices),
      number(Object.values(receipt.rows).reduce((sum, rows) => sum + rows, 0)),
    ]),
    'Receipts of erasures',
  );
}

/** A table whose cells wrap. @param {string[]} head @param {string[][]} rows @param {string} name */
function table(head, rows, name) {
  return h(
    'div',
    { role: 'region', 'aria-label': name },
    h(
      'table',
      { class: 'plain-table' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          head.map((words) => h('th', { scope: 'col' }, words)),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((row) =>
          h(
            'tr',
            null,
            row.map((words) => h('td', null, words)),
          ),
        ),
      ),
    ),
  );
}

/** @param {string} words */
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
