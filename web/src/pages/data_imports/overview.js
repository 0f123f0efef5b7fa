/** A new file, what comes by itself, and what was imported. */
import { get, upload } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { moment, number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, explain, failure, loading, pill } from '../../ui/widgets.js';
import { fileDrop, progressBar } from '../imports/file_drop.js';
import { KINDS, kindOfName, originText, resultText, sizeText, stateOf } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Drop, DropAlert, DropFile, Import} from './words.js' */

const PAGE = 20;
const MOST_BYTES = 500e6;

/** @param {HTMLElement} place @param {Context} context @param {AbortSignal} signal */
export function overview(place, context, signal) {
  const drop = h('div', null);
  const past = h('div', null);
  fill(
    place,
    h('header', { class: 'page-head' }, h('h1', null, 'Imports')),
    h(
      'p',
      { class: 'quiet' },
      'Products, stock, customers, consents and orders from files of your other systems. First you see what would come in; the same file twice changes nothing.',
    ),
    sender(context, signal),
    drop,
    h(
      'section',
      { class: 'stack', 'aria-labelledby': 'history-title' },
      h('h2', { id: 'history-title' }, 'Files so far'),
      past,
    ),
  );
  history(past, signal);
  const showDrop = () => folder(drop, signal);
  showDrop();
  const leave = context.hub.on('alert', ({ kind }) => kind === 'import_alert' && showDrop());
  signal.addEventListener('abort', leave);
}

/** @param {Context} context @param {AbortSignal} signal */
function sender(context, signal) {
  /** @type {File | null} */
  let file = null;
  const kinds = /** @type {[string, string][]} */ ([['', 'Choose what it holds…'], ...Object.entries(KINDS)]);
  const kind = selectField('What the file holds', kinds, '', { testid: 'import-kind' });
  const progress = progressBar();
  const complaint = h('p', { class: 'form-error', role: 'alert', hidden: true, 'data-testid': 'upload-error' });
  const chooser = fileDrop({
    accept: '.csv,.txt,.tsv,.gz,text/csv,text/plain,application/gzip',
    words: 'Choose a file, or drop it here',
    hint: 'CSV with a header line, from Excel or any system, also as .gz; up to 500 MB',
    testid: 'import-file',
    onFile(chosen) {
      file = chosen;
      if (!kind.input.value) kind.input.value = kindOfName(chosen.name) ?? '';
      send();
    },
  });
  kind.input.addEventListener('change', send);

  async function send() {
    complaint.hidden = true;
    kind.setError(null);
    if (!file) return;
    if (!kind.input.value) {
      kind.setError('Say what the file holds.');
      kind.input.focus();
      return;
    }
    if (file.size > MOST_BYTES) {
      complain(`The file has ${sizeText(file.size)}; at most 500 MB can be sent. Compress it (.gz), or split it.`);
      return;
    }
    const sent = file;
    file = null;
    try {
      const { data } = await upload('POST', '/v1/imports/data', {
        body: sent,
        type: /\.gz$/i.test(sent.name) ? 'application/gzip' : 'text/csv',
        query: { kind: kind.input.value, file_name: sent.name },
        onProgress: (share) => progress.set(share, 'The server reads the file…'),
        signal,
      });
      context.navigate(`/imports?id=${data.id}`);
    } catch (error) {
      if (!signal.aborted) complain(explain(error));
    } finally {
      progress.set(null);
    }
  }

  /** @param {string} text */
  function complain(text) {
    fill(complaint, text);
    complaint.hidden = false;
  }

  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'send-title' },
    h('h2', { id: 'send-title' }, 'A new file'),
    kind.node,
    chooser.node,
    progress.node,
    complaint,
  );
}

// ---- what comes by itself

/** @param {HTMLElement} place @param {AbortSignal} signal */
async function folder(place, signal) {
  try {
    const found = /** @type {Drop} */ (await get('/v1/imports/drop', {}, signal));
    fill(place, folderCard(found));
  } catch (error) {
    // a shop's login has no drop folder, and needs no word about it
    if (!signal.aborted && /** @type {any} */ (error).status !== 404)
      fill(
        place,
        failure(error, () => folder(place, signal)),
      );
  }
}

/** @param {Drop} drop */
function folderCard({ enabled, files, alerts }) {
  const open = alerts.filter(({ resolved_at }) => !resolved_at);
  const known = files.filter(({ last_at }) => last_at);
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'drop-title', 'data-testid': 'drop-folder' },
    h('h2', { id: 'drop-title' }, 'Files that come by themselves'),
    open.map(alertNote),
    !enabled &&
      h(
        'p',
        { class: 'quiet' },
        'No drop folder is set up. With one (GEOENGAGE_IMPORTS__DROP_DIR) your ERP leaves its files there at night, and you hear when one is late or half its usual size.',
      ),
    enabled &&
      h(
        'ul',
        { class: 'cards' },
        (known.length ? known : files).map((file) => folderRow(file)),
      ),
  );
}

/** @param {DropAlert} alert */
function alertNote({ detail, import_id, at, reason }) {
  return h(
    'div',
    { class: `note ${reason === 'failed' ? 'note-bad' : 'note-warn'}`, 'data-testid': 'drop-alert' },
    h('p', { class: 'breaks' }, `${moment(at)}: ${detail}`),
    import_id && h('a', { href: `/imports?id=${import_id}` }, 'Look at it'),
  );
}

/** @param {DropFile} file */
function folderRow({ kind, pattern, last_at, usual_at, usual_lines, late_since }) {
  const usual = usual_at && `usually at ${usual_at}, ${number(usual_lines)} lines`;
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'drop-row' },
    h(
      'div',
      { class: 'row-text' },
      h('p', { class: 'row-title' }, KINDS[kind], late_since && pill('late', 'warn')),
      h('p', { class: 'breaks' }, h('code', null, pattern)),
      h(
        'p',
        { class: 'quiet' },
        last_at ? [`last ${moment(last_at)}`, usual].filter(Boolean).join(' · ') : 'none has come yet',
      ),
    ),
  );
}

// ---- what was imported

/** @param {HTMLElement} place @param {AbortSignal} signal */
function history(place, signal) {
  const list = h('ul', { class: 'cards', 'data-testid': 'import-list' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);

  async function more() {
    fill(foot, loading());
    try {
      const page = await get('/v1/imports/data', { limit: PAGE, cursor }, signal);
      cursor = page.next;
      list.append(...page.items.map(row));
      const none = list.childElementCount === 0;
      fill(
        foot,
        none &&
          empty(
            'Nothing imported yet',
            'Begin with products, then customers, then orders: each refers to the ones before.',
          ),
        cursor &&
          h(
            'button',
            { type: 'button', class: 'button', 'data-testid': 'more', on: { click: more } },
            'Show older ones',
          ),
      );
    } catch (error) {
      if (!signal.aborted) fill(foot, failure(error, more));
    }
  }

  fill(place, list, foot);
  more();
}

/** @param {Import} item */
function row(item) {
  const [text, tone] = stateOf(item);
  const isOver = item.status === 'done' || item.rows > 0;
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'import-row' },
    icon('upload', 24),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('a', { class: 'title-link breaks', href: `/imports?id=${item.id}` }, item.file_name),
        pill(text, tone),
      ),
      h('p', null, isOver ? resultText(item) : KINDS[item.kind]),
      h(
        'p',
        { class: 'quiet breaks' },
        `${moment(item.created_at)} · ${originText(item)} · ${sizeText(item.size_bytes)}`,
      ),
      item.reason && h('p', { class: 'note note-warn breaks' }, item.reason),
    ),
  );
}
