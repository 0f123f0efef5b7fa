/** Write keys: how a site, an app or a server sends events. Made and revoked here; the key itself is shown once, in words to paste. */
import { call, getAll, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { ago } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, loading, pill } from '../../ui/widgets.js';
import { button } from './firebase.js';
import { LANGUAGES, snippet } from './snippets.js';
import { rejectionText } from './words.js';

/** @import {Context, Key} from '../../types' */

const WRITES = /** @type {[string, string][]} */ ([
  ['server', 'A server: what it says counts'],
  ['browser', 'A website or an app: everybody can read it there'],
]);

/** @param {{keys: Key[], context: Context, signal: AbortSignal}} options */
export function writeKeys({ keys, context, signal }) {
  const list = h('div', { class: 'app-part-body' });
  const made = h('div', { class: 'app-part-body', 'aria-live': 'polite' });
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const count = h('span', null);
  const name = textField('Name', { maxlength: 200, required: true, placeholder: 'Web shop' }, { testid: 'key-name' });
  const writes = selectField('It is carried by', WRITES, 'server', { testid: 'key-writes' });
  const make = h('button', { type: 'submit', class: 'button', 'data-testid': 'key-make' }, 'Make a key');
  let once = newKey();

  /** @param {Key[]} found */
  function show(found) {
    const live = found.filter(({ kind, revoked_at }) => kind === 'wk' && !revoked_at);
    fill(count, pill(String(live.length)));
    fill(
      list,
      live.length
        ? h('ul', { class: 'key-list', 'data-testid': 'write-keys' }, live.map(row))
        : h('p', { class: 'quiet' }, 'No key yet: nothing can send events.'),
    );
  }

  /** @param {Key} key */
  function row(key) {
    return h(
      'li',
      null,
      icon('feed', 16),
      h('span', { class: 'breaks' }, key.name),
      h('code', null, `wk…${key.hint}`),
      pill(key.writes === 'browser' ? 'browser' : 'server', key.writes === 'browser' ? 'warn' : 'ok'),
      button('Revoke', 'key-revoke', 'button-small button-quiet', () => revoke(key)),
    );
  }

  async function reload() {
    show(await getAll('/v1/keys', {}, signal).catch(() => keys));
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    name.setError(null);
    error.hidden = true;
    const called = name.input.value.trim();
    if (!called) {
      name.setError('Say what it is for, so that you know which one to revoke.');
      return name.input.focus();
    }
    make.disabled = true;
    try {
      const body = { kind: 'wk', name: called, writes: writes.input.value };
      const { data } = await call('POST', '/v1/keys', { body, once });
      once = newKey();
      name.input.value = '';
      fill(made, shown({ context, key: data }));
      await reload();
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
    make.disabled = false;
  }

  /** @param {Key} key */
  async function revoke(key) {
    const answer = await ask({
      title: `Revoke ${key.name}?`,
      testid: 'key-revoke-dialog',
      body: h('p', null, 'Whatever still sends with it is refused from now on. Events that came with it stay.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Revoke', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    error.hidden = true;
    try {
      await call('DELETE', `/v1/keys/${key.id}`);
      fill(made);
      await reload();
      context.announce(`${key.name} is revoked.`);
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
  }

  show(keys);
  return h(
    'section',
    { class: 'app-part', 'data-testid': 'write-keys-part' },
    h('div', { class: 'app-part-head' }, h('h3', null, 'Events: write keys'), count),
    h(
      'p',
      { class: 'quiet' },
      'Sites, apps and servers tell what people do, with the clients made for Segment: only their host and key change.',
    ),
    list,
    h('form', { class: 'source-form', novalidate: true, on: { submit: send } }, name.node, writes.node, make),
    error,
    made,
    refusals(signal),
  );
}

/** A new key, once, with words to paste. @param {{context: Context, key: Key & {key: string | null}}} options */
function shown({ context, key }) {
  if (!key.key)
    return h('p', { class: 'note note-warn' }, 'It was made before this answer came. Revoke it and make another.');
  const code = h('code', null);
  const text = h('pre', { class: 'snippet', tabindex: 0, 'data-testid': 'snippet' }, code);
  const languages = LANGUAGES.filter(([, , kind]) => kind === key.writes);
  const language = selectField(
    'For',
    languages.map(([value, words]) => /** @type {[string, string]} */ ([value, words])),
    languages[0][0],
    { testid: 'snippet-language' },
  );
  const write = () => fill(code, snippet(language.input.value, key.key ?? '', window.location.origin));
  language.input.addEventListener('change', write);
  write();
  async function copy() {
    try {
      // only https and localhost have the clipboard
      await navigator.clipboard.writeText(code.textContent ?? '');
      context.toast('It is copied.');
    } catch {
      window.getSelection()?.selectAllChildren(code);
      context.toast('It is selected: copy it with Ctrl+C.');
    }
  }
  return h(
    'div',
    { class: 'app-part-body', 'data-testid': 'new-key' },
    h('p', null, h('strong', null, `${key.name} is made. `), 'The key is in these lines, and is shown this once.'),
    language.node,
    text,
    h('div', { class: 'tool-row' }, button([icon('copy', 16), 'Copy'], 'snippet-copy', 'button-small', copy)),
  );
}

/** What was refused lately, by reason. @param {AbortSignal} signal */
function refusals(signal) {
  const place = h('div', { class: 'app-part-body', 'data-testid': 'refusals' }, loading());
  call('GET', '/v1/event-rejections', { query: { limit: 200 }, signal })
    .then(({ data }) => {
      /** @type {{reason: string, name: string | null, received_at: string, is_kept: boolean}[]} */
      const items = data.items;
      if (!items.length) return fill(place, h('p', { class: 'quiet' }, 'No event was refused in the last seven days.'));
      /** @type {Map<string, typeof items>} */
      const byReason = new Map();
      for (const item of items) byReason.set(item.reason, [...(byReason.get(item.reason) ?? []), item]);
      fill(
        place,
        h('h4', null, 'Refused, or of no effect'),
        h(
          'ul',
          { class: 'key-list' },
          [...byReason].map(([reason, some]) =>
            h(
              'li',
              null,
              pill(`${some.length}${data.next ? '+' : ''}`, some[0].is_kept ? 'quiet' : 'warn'),
              h('span', { class: 'breaks' }, rejectionText(reason)),
              h('span', { class: 'quiet breaks' }, [some[0].name, ago(some[0].received_at)].filter(Boolean).join(', ')),
            ),
          ),
        ),
      );
    })
    .catch((failure) => {
      if (!signal.aborted) fill(place, h('p', { class: 'quiet' }, explain(failure)));
    });
  return place;
}
