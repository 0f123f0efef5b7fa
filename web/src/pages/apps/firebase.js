/**
 * An app's Firebase credentials: written once, never shown again; project, sender and whether they work are.
 */
import { ApiError, call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, loading, pill } from '../../ui/widgets.js';
import { fileDrop } from '../imports/file_drop.js';
import { readServiceAccount } from './service_account.js';
import { checkedWords, senderState } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Sender} from './words.js' */

/** @param {{app: {id: string, name: string}, context: Context, signal: AbortSignal}} options */
export function firebaseSection({ app, context, signal }) {
  const path = `/v1/apps/${app.id}/firebase`;
  const body = h('div', { class: 'app-part-body' });
  const state = h('span', { 'data-testid': 'firebase-state' });
  const node = h(
    'section',
    { class: 'app-part', 'data-testid': 'firebase' },
    h('div', { class: 'app-part-head' }, h('h3', null, 'Phones: Firebase'), state),
    body,
  );

  async function load() {
    fill(body, loading());
    try {
      show(await get(path, {}, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 404) return showForm(null);
      fill(state);
      fill(
        body,
        h('p', { class: 'form-error', role: 'alert' }, explain(error)),
        button('Try again', 'retry', '', load),
      );
    }
  }

  /** @param {Sender} sender */
  function show(sender) {
    const { text, tone } = senderState(sender);
    fill(state, pill(text, tone));
    const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
    const check = button('Check again', 'firebase-check', '', async () => {
      check.disabled = true;
      fill(check, 'Checking…');
      try {
        const next = withWords(await post(`${path}/check`));
        show(next);
        context.announce(`Firebase ${senderState(next).text}.`);
        refocus('firebase-check');
      } catch (failure) {
        complain(error, failure);
        check.disabled = false;
        fill(check, 'Check again');
      }
    });
    fill(
      body,
      h(
        'dl',
        { class: 'keys' },
        h('dt', null, 'Project'),
        h('dd', null, sender.project_id),
        h('dt', null, 'Sender'),
        h('dd', { class: 'breaks' }, sender.client_email),
      ),
      sender.detail && h('p', { class: `note note-${tone === 'bad' ? 'bad' : 'quiet'}` }, sender.detail),
      h('p', { class: 'quiet' }, checkedWords(sender)),
      error,
      h(
        'div',
        { class: 'tool-row' },
        check,
        button('Replace…', 'firebase-replace', 'button-small', () => showForm(sender)),
        button([icon('trash', 16), 'Remove'], 'firebase-remove', 'button-small button-danger', () => remove(error)),
      ),
    );
  }

  /** @param {HTMLElement} error */
  async function remove(error) {
    const answer = await ask({
      title: `Remove Firebase from ${app.name}?`,
      testid: 'firebase-remove-dialog',
      body: h(
        'p',
        null,
        'The credentials are deleted. Pushes to this app then take the project of this installation, if it has one; else messages are in the app’s inbox only.',
      ),
      actions: [
        { label: 'Keep them', value: '' },
        { label: 'Remove', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('DELETE', path);
      showForm(null);
      context.toast('The credentials are removed.');
    } catch (failure) {
      complain(error, failure);
    }
  }

  /** @param {Sender | null} old */
  function showForm(old) {
    fill(state, pill(old ? senderState(old).text : 'not set up', old ? senderState(old).tone : 'quiet'));
    const field = areaField(
      'Or paste its text',
      { rows: 3, spellcheck: 'false', autocomplete: 'off', placeholder: '{ "type": "service_account", …' },
      { testid: 'firebase-json' },
    );
    const found = h('p', { class: 'quiet', role: 'status', 'data-testid': 'firebase-read' });
    const save = button('Save and check', 'firebase-save', 'button-primary', send);
    const drop = fileDrop({
      accept: '.json,application/json',
      words: 'Service account file',
      hint: 'JSON from Firebase; drop it or choose it',
      testid: 'firebase-file',
      async onFile(file) {
        field.input.value = await file.text();
        read();
      },
    });
    field.input.addEventListener('input', read);

    function read() {
      const text = field.input.value.trim();
      const { read: good, flaw } = text ? readServiceAccount(text) : { read: null, flaw: null };
      field.setError(flaw);
      fill(found, good && `Project ${good.project}, sender ${good.email}.`);
      return good;
    }

    async function send() {
      const good = read();
      if (!good) {
        if (!field.input.value.trim()) field.setError('Drop the file above, or paste its text.');
        field.input.focus();
        return;
      }
      save.disabled = true;
      fill(save, 'Checking…');
      try {
        const { data } = await call('PUT', path, { body: { service_account: good.account } });
        // nothing of it stays on the page
        field.input.value = '';
        await checked(data);
      } catch (error) {
        field.setError(explain(error));
        save.disabled = false;
        fill(save, 'Save and check');
      }
    }

    fill(
      body,
      h(
        'p',
        { class: 'quiet' },
        old
          ? 'The new file takes the place of the old one at once.'
          : 'Pushes to Android and iOS go through the app’s own Firebase project. Until it has one, they take the project of this installation; where there is none either, messages are in the app’s inbox only.',
      ),
      drop.node,
      field.node,
      found,
      h('div', { class: 'tool-row' }, save, old && button('Back', 'firebase-back', 'button-quiet', () => show(old))),
    );
  }

  /** The server may not have asked Google yet. @param {Sender} sender */
  async function checked(sender) {
    const next = sender.status === 'unchecked' ? await post(`${path}/check`).then(withWords, () => sender) : sender;
    show(next);
    context.announce(`Firebase ${senderState(next).text}.`);
    refocus('firebase-check');
  }

  /** @param {string} testid */
  function refocus(testid) {
    /** @type {HTMLElement | null} */ (body.querySelector(`[data-testid=${testid}]`))?.focus();
  }

  load();
  return node;
}

/**
 * A check says more than the state: also what proves nothing, as when the other side cannot be reached.
 * @template {{result: string, words: string}} T
 * @param {T} found
 */
export const withWords = (found) => ({ ...found, detail: found.result === 'works' ? null : found.words });

/** @param {HTMLElement} node @param {unknown} error */
export function complain(node, error) {
  fill(node, explain(error));
  node.hidden = false;
}

/** @param {import('../../ui/dom.js').Child} words @param {string} testid @param {string} look @param {() => void} click */
export const button = (words, testid, look, click) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, words);
