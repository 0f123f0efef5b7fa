/** A file that waits: what each column is, how its cells are meant, what the first rows would become; then the start. */
import { call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { number } from '../../ui/format.js';
import { ask, explain, failure, loading, pill } from '../../ui/widgets.js';

/** @import {Context} from '../../types' */
/** @import {Column, Import, KindInfo, Preview, Row} from './words.js' */

/** @type {Record<string, [string, string]>} */
const BECOMES = {
  added: ['new', 'ok'],
  updated: ['changes', 'info'],
  unchanged: ['as it is', 'quiet'],
  refused: ['refused', 'bad'],
};

/** @param {{context: Context, item: Import, info: KindInfo, signal: AbortSignal, reload: () => void}} options */
export function setup({ context, item, info, signal, reload }) {
  const path = `/v1/imports/data/${item.id}`;
  const words = new Map(info.fields.map((field) => [field.name, field.words]));
  let mapping = { ...item.mapping };
  let etag = /** @type {string | null} */ (null);
  let asked = 0;
  /** The change that is on its way: the next one waits for it, else it would be a conflict with oneself. */
  let sending = Promise.resolve();
  const columns = h('div', { class: 'column-list', 'data-testid': 'import-columns' });
  const missing = h('div', { role: 'status' });
  const rows = h('div', null, loading());
  const complaint = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const go = h(
    'button',
    {
      type: 'button',
      class: 'button button-primary',
      'data-testid': 'import-start',
      disabled: true,
      on: { click: start },
    },
    `Import ${number(Math.max(0, item.lines_total - 1))} lines`,
  );
  const leave = h(
    'button',
    { type: 'button', class: 'button button-danger', 'data-testid': 'import-discard', on: { click: discard } },
    'Leave it out',
  );
  const meant = optionFields(item, change);

  /** The preview, and with it what the columns are. */
  async function look() {
    const mine = ++asked;
    go.disabled = true;
    try {
      const found = /** @type {Preview} */ (await get(`${path}/preview`, {}, signal));
      if (mine !== asked) return;
      fill(columns, found.columns.map(columnRow));
      const gaps = Object.values(found.missing);
      fill(
        missing,
        gaps.length > 0 &&
          h(
            'ul',
            { class: 'note note-warn plain-list' },
            gaps.map((why) => h('li', null, capital(why))),
          ),
      );
      fill(rows, previewOf(found));
      go.disabled = gaps.length > 0 || found.columns.some(({ problem }) => problem);
    } catch (error) {
      if (!signal.aborted && mine === asked) fill(rows, failure(error, look));
    }
  }

  /** @param {Column} column */
  function columnRow({ name, field, examples, problem }) {
    const select = h(
      'select',
      {
        'aria-label': `What the column “${name}” is`,
        'data-testid': 'column-field',
        on: {
          change: () => {
            if (select.value) mapping[name] = select.value;
            else delete mapping[name];
            change();
          },
        },
      },
      h('option', { value: '', selected: !field }, 'not read'),
      info.fields.map((each) =>
        h('option', { value: each.name, selected: each.name === field }, `${each.words}${each.required ? ' *' : ''}`),
      ),
    );
    const about = info.fields.find((each) => each.name === field)?.about;
    return h(
      'div',
      { class: `column-row ${field ? '' : 'column-unread'}`, 'data-column': name },
      h(
        'div',
        { class: 'row-text' },
        h('p', { class: 'column-name breaks' }, name),
        h('p', { class: 'quiet breaks' }, examples.length ? examples.join(' · ') : 'always empty'),
      ),
      h(
        'div',
        { class: 'stack-tight' },
        select,
        h('p', { class: problem ? 'field-error' : 'field-hint' }, problem ? capital(problem) : about),
      ),
    );
  }

  function change() {
    sending = sending.then(send);
  }

  /** Tells the server what the columns are now, and looks again. */
  async function send() {
    complaint.hidden = true;
    meant.setError(null);
    try {
      if (!etag) ({ etag } = await call('GET', path, { signal }));
      ({ etag } = await call('PATCH', path, { body: { mapping, options: meant.value() }, etag, signal }));
    } catch (error) {
      if (signal.aborted) return;
      etag = null;
      meant.setError(explain(error));
      return;
    }
    await look();
  }

  /** @param {Preview} found */
  function previewOf({ columns: all, rows: first }) {
    if (!first.length) return h('p', { class: 'note' }, 'There is nothing below the header.');
    return h(
      'ul',
      { class: 'cards', 'data-testid': 'import-preview' },
      first.map((row) => previewRow(row, all)),
    );
  }

  /** @param {Row} row @param {Column[]} all */
  function previewRow({ line, cells, becomes, flaws }, all) {
    const read = all.flatMap(({ name, field }, place) =>
      field && cells[place] ? [[words.get(field) ?? name, cells[place]]] : [],
    );
    const [text, tone] = BECOMES[becomes] ?? ['', 'quiet'];
    return h(
      'li',
      { class: `preview-row ${becomes === 'refused' ? 'preview-refused' : ''}`, 'data-becomes': becomes },
      h('p', { class: 'row-title' }, `Line ${line}`, text && pill(text, tone)),
      h(
        'dl',
        { class: 'cell-list' },
        read.map(([term, value]) => h('div', null, h('dt', null, term), h('dd', { class: 'breaks' }, value))),
      ),
      flaws.map(({ column, value, reason }) =>
        h(
          'p',
          { class: 'field-error breaks' },
          [column, value && `“${value}”`].filter(Boolean).join(' '),
          column || value ? ': ' : '',
          reason,
        ),
      ),
    );
  }

  async function start() {
    go.disabled = true;
    try {
      await post(`${path}/start`);
      reload();
    } catch (error) {
      fill(complaint, explain(error));
      complaint.hidden = false;
      go.disabled = false;
    }
  }

  async function discard() {
    const answer = await ask({
      title: `Leave ${item.file_name} out?`,
      testid: 'import-discard-dialog',
      body: h('p', null, 'Nothing of it is imported, and the file is put away.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Leave it out', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await post(`${path}/cancel`);
      context.navigate('/imports');
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  look();
  return [
    h(
      'section',
      { class: 'card', 'aria-labelledby': 'columns-title' },
      h('h2', { id: 'columns-title' }, 'What the columns are'),
      h(
        'p',
        { class: 'quiet' },
        'Recognised by their names; what you choose is remembered for the next file. * must be there.',
      ),
      missing,
      columns,
      meant.node,
    ),
    h(
      'section',
      { class: 'stack', 'aria-labelledby': 'preview-title' },
      h('h2', { id: 'preview-title' }, 'The first rows'),
      rows,
    ),
    h('div', { class: 'card import-foot' }, complaint, h('div', { class: 'page-tools' }, go, leave)),
  ];
}

/**
 * How cells are meant.
 * @param {Import} item @param {() => void} onChange
 */
function optionFields({ kind, options }, onChange) {
  const hasMoney = kind === 'orders' || kind === 'products';
  const hasTimes = kind !== 'products';
  const hasPhones = kind === 'customers' || kind === 'consents' || kind === 'orders';
  const decimal = selectField(
    'Decimals',
    [
      ['.', '1,234.50'],
      [',', '1.234,50'],
    ],
    options.decimal,
    { testid: 'option-decimal' },
  );
  const currency = textField(
    'Currency, where no column says it',
    { value: options.currency ?? '', maxlength: 3, placeholder: 'CHF' },
    { testid: 'option-currency' },
  );
  const dates = selectField(
    '03/04/2026 is',
    [
      ['day_first', '3 April'],
      ['month_first', '4 March'],
    ],
    options.day_order,
    { testid: 'option-day-order' },
  );
  const region = textField(
    'Country of phone numbers without +',
    { value: options.region ?? '', maxlength: 2, placeholder: 'CH' },
    { testid: 'option-region' },
  );
  const error = h('p', { class: 'field-error', role: 'alert' });
  const shown = [
    kind !== 'customers' && kind !== 'consents' && decimal,
    hasMoney && currency,
    hasTimes && dates,
    hasPhones && region,
  ].filter((each) => each !== false);
  for (const { input } of shown) input.addEventListener('change', onChange);
  const upper = (/** @type {import('../../ui/fields.js').Field} */ { input }) =>
    input.value.trim().toUpperCase() || null;
  return {
    node: h(
      'div',
      { class: 'option-grid' },
      shown.map(({ node }) => node),
      error,
    ),
    value: () => ({
      decimal: decimal.input.value,
      day_order: dates.input.value,
      timezone: options.timezone,
      currency: upper(currency),
      region: upper(region),
    }),
    setError: (/** @type {string | null} */ text) => fill(error, text),
  };
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
