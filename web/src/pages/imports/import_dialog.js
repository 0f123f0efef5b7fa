/**
 * The one way a file comes in: choose it, see what the server would do, decide, import, read what happened.
 *
 * What is particular to venues or to street stores (options, the picture of a preview, the next step) is given. Nothing
 * is stored before "Import"; the server stores all of a file or, of what is refused, says why.
 */
import { ApiError, upload } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { checkField } from '../../ui/fields.js';
import { explain } from '../../ui/widgets.js';
import { wideDialog } from '../../ui/wide_dialog.js';
import { fileDrop, progressBar } from './file_drop.js';
import { countsTable, refused, summary, taken } from './report.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Query} from '../../api.js' */
/** @import {ImportReport} from '../../types' */
/**
 * @typedef {object} Particulars
 * @property {string} title
 * @property {string} testid
 * @property {string} path
 * @property {Child} intro
 * @property {string} accept of the file field
 * @property {string} choose words of the file field
 * @property {Child} hint
 * @property {number} mostBytes
 * @property {(file: File) => string} mediaType
 * @property {Child} options fields; a change of one marked `data-again` asks the server again
 * @property {() => Query} query what the options say
 * @property {(report: ImportReport) => {node: Child, stop?: () => void}} details the report beyond its counts
 * @property {(report: ImportReport) => {label: string, act: () => void} | null} next the step after an import
 */

/** @param {Particulars} what */
export function openImport(what) {
  /** @type {File | null} */
  let file = null;
  /** @type {ImportReport | null} */
  let report = null;
  let abort = new AbortController();
  /** the options of the last preview: a field left as it was asks nothing again */
  let asked = '';
  let stopDetails = () => {};
  const dialog = wideDialog(what.title, {
    testid: what.testid,
    onClose() {
      abort.abort();
      stopDetails();
    },
  });
  const drop = fileDrop({
    accept: what.accept,
    words: what.choose,
    hint: what.hint,
    testid: `${what.testid}-file`,
    onFile(chosen) {
      file = chosen;
      preview();
    },
  });
  const progress = progressBar();
  const skip = checkField('Leave out what is refused and import the rest', false, { testid: 'import-skip' });
  skip.box.addEventListener('change', showFoot);
  const options = h('div', { class: 'import-options', on: { change: onOption } }, what.options);
  const complaint = h('div', { class: 'form-error', role: 'alert', 'data-testid': 'import-error', hidden: true });
  const result = h('div', { class: 'import-result', 'data-testid': 'import-report' });
  const why = h('p', { class: 'foot-note', role: 'status', 'data-testid': 'import-note' });
  const cancel = button('Cancel', '', 'import-cancel', dialog.close);
  const go = button('Import', 'button-primary', 'import-go', commit);

  fill(
    dialog.body,
    h('div', { class: 'import-intro' }, what.intro),
    drop.node,
    options,
    progress.node,
    complaint,
    result,
  );
  fill(dialog.foot, skip.node, why, cancel, go);
  showFoot();

  /** @param {Event} event */
  function onOption(event) {
    const isAsked = event.target instanceof Element && event.target.closest('[data-again]');
    if (file && isAsked && JSON.stringify(what.query()) !== asked) preview();
  }

  /** @param {'preview' | 'commit'} mode */
  async function send(mode) {
    if (!file) return null;
    abort.abort();
    abort = new AbortController();
    complaint.hidden = true;
    if (file.size > what.mostBytes) {
      const most = Math.round(what.mostBytes / 1e6);
      throw new ApiError(413, {
        detail: `The file has ${Math.ceil(file.size / 1e6)} MB; at most ${most} MB can be imported at once. Split it, for example by level.`,
      });
    }
    const after = mode === 'preview' ? 'The server reads the file…' : 'The server stores it…';
    progress.set(0, after);
    go.disabled = true;
    const query = { ...what.query(), mode, ...(mode === 'commit' && { skip_invalid: skip.box.checked }) };
    try {
      const onProgress = (/** @type {number} */ share) => progress.set(share, after);
      const { signal } = abort;
      const { data } = await upload('POST', what.path, {
        body: file,
        type: what.mediaType(file),
        query,
        onProgress,
        signal,
      });
      return /** @type {ImportReport} */ (data);
    } finally {
      if (!abort.signal.aborted) progress.set(null);
    }
  }

  async function preview() {
    report = null;
    asked = JSON.stringify(what.query());
    clearResult();
    showFoot();
    try {
      const found = await send('preview');
      if (found) show(found);
    } catch (error) {
      complain(error);
    }
    showFoot();
  }

  async function commit() {
    try {
      const done = await send('commit');
      if (done) finish(done);
    } catch (error) {
      const theirs = error instanceof ApiError ? error.problem.report : null;
      if (theirs) show(theirs);
      complain(error);
      showFoot();
    }
  }

  /** @param {ImportReport} found */
  function show(found) {
    report = found;
    clearResult();
    const details = what.details(found);
    stopDetails = details.stop ?? (() => {});
    fill(result, countsTable(found), details.node);
  }

  function clearResult() {
    stopDetails();
    stopDetails = () => {};
    fill(result);
  }

  /** @param {ImportReport} done */
  function finish(done) {
    clearResult();
    const next = what.next(done);
    const left = refused(done);
    const words = h(
      'div',
      { class: 'import-done', role: 'status', tabindex: -1, 'data-testid': 'import-done' },
      h('p', { class: 'lead' }, `Imported: ${summary(done)}.`),
      left > 0 && h('p', null, left === 1 ? 'One item was left out.' : `${left} items were left out.`),
      countsTable(done),
    );
    const close = button('Close', next ? '' : 'button-primary', 'import-close', dialog.close);
    const onward =
      next &&
      button(next.label, 'button-primary', 'import-next', () => {
        dialog.close();
        next.act();
      });
    fill(dialog.body, words);
    fill(dialog.foot, close, onward);
    words.focus();
  }

  /** @param {unknown} error */
  function complain(error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    const errors = error instanceof ApiError && !error.problem.report ? error.errors : [];
    const isSaid = errors.length === 1 && errors[0].detail === explain(error);
    const lines = isSaid ? [] : errors.map(place);
    fill(complaint, h('p', null, explain(error)), lines.length > 0 && h('ul', { class: 'plain-list' }, lines));
    complaint.hidden = false;
  }

  function showFoot() {
    const bad = report ? refused(report) : 0;
    const isBlocked = bad > 0 && !skip.box.checked;
    go.disabled = !report || isBlocked || taken(report) === 0;
    skip.node.hidden = bad === 0;
    fill(why, note());
  }

  function note() {
    if (!report) return file ? null : 'Choose a file: first you see what would come in.';
    const bad = refused(report);
    if (bad && !skip.box.checked)
      return `${bad === 1 ? 'One item is' : `${bad} items are`} refused. Correct the file and choose it again, or tick the box above.`;
    return taken(report) === 0 ? 'Nothing would change.' : `Would import ${summary(report)}.`;
  }

  return dialog;
}

/** @param {import('../../api.js').FieldError} error */
const place = ({ pointer, detail }) => h('li', null, pointer ? `${pointer}: ${detail}` : detail);

/** @param {string} words @param {string} look @param {string} testid @param {() => void} click */
const button = (words, look, testid, click) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, words);
