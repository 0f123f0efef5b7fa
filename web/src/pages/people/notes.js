/** Notes about a person: what the next one who helps should know. One's own can be changed and deleted. */
import { call, get, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, selectField } from '../../ui/fields.js';
import { moment } from '../../ui/format.js';
import { ask, explain, whileLoading } from '../../ui/widgets.js';

/** @import {Note} from '../../types' */
/** @import {Person} from './person.js' */

const MOST = 4000;

/** @param {Person} person */
export function notesCard({ id, context, signal, stores, guarded, changed }) {
  const isShop = context.me.operator.role === 'shop';
  const names = new Map(stores.map((store) => [store.id, store.properties.name]));
  const text = areaField(
    'New note',
    { rows: 2, maxlength: MOST, required: true },
    { testid: 'note-text', hint: 'They can read it if they ask for their data.' },
  );
  const audience = selectField(
    'Who reads it',
    [
      ...(isShop ? [] : [/** @type {[string, string]} */ (['', `all of ${context.me.tenant.name}`])]),
      ...stores.map((store) => /** @type {[string, string]} */ ([store.id, store.properties.name])),
    ],
    isShop ? (stores[0]?.id ?? '') : '',
    { testid: 'note-store' },
  );
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h('button', { class: 'button button-primary', 'data-testid': 'note-save' }, 'Add the note');
  const list = h('div', null);

  const load = () =>
    whileLoading(
      list,
      () => guarded(() => get(`/v1/profiles/${id}/notes`, { limit: 50 }, signal)),
      ({ items }) =>
        items.length
          ? h('ul', { class: 'notes', 'data-testid': 'note-list' }, items.map(row))
          : h('p', { class: 'quiet' }, 'No note yet.'),
    );

  /** @param {SubmitEvent} event */
  async function add(event) {
    event.preventDefault();
    error.hidden = true;
    save.disabled = true;
    try {
      const body = { text: text.input.value.trim(), store_id: audience.input.value || null };
      await guarded(() => call('POST', `/v1/profiles/${id}/notes`, { body, once: newKey() }));
      text.input.value = '';
      context.announce('The note is kept.');
      await load();
      changed();
    } catch (failed) {
      if (failed instanceof DOMException) return; // the reason is asked for anew
      fill(error, explain(failed));
      error.hidden = false;
    }
    save.disabled = false;
  }

  /** @param {Note} note */
  async function edit(note) {
    const field = areaField('Note', { rows: 5, maxlength: MOST, required: true }, { testid: 'note-edit-text' });
    field.input.value = note.text;
    const answer = await ask({
      title: 'Change your note',
      testid: 'note-dialog',
      body: field.node,
      actions: [
        { label: 'Leave it', value: '' },
        { label: 'Delete it', value: 'delete', tone: 'danger', testid: 'note-delete' },
        { label: 'Save', value: 'save', tone: 'primary', testid: 'note-change' },
      ],
    });
    if (!answer) return;
    try {
      const etag = `"v${note.version}"`;
      if (answer === 'save')
        await call('PATCH', `/v1/notes/${note.id}`, { body: { text: field.input.value.trim() }, etag });
      else await call('DELETE', `/v1/notes/${note.id}`);
      await load();
      changed();
    } catch (failed) {
      context.toast(explain(failed), { tone: 'bad' });
    }
  }

  /** @param {Note} note */
  function row(note) {
    const audienceWords = note.store_id ? `for ${names.get(note.store_id) ?? 'a store'}` : 'for everybody here';
    return h(
      'li',
      { 'data-testid': 'note-row' },
      h('p', { class: 'note-text' }, note.text),
      h(
        'p',
        { class: 'quiet' },
        [note.author, moment(note.created_at), audienceWords, note.changed_at && 'changed'].filter(Boolean).join(' · '),
        note.mine &&
          h(
            'button',
            {
              type: 'button',
              class: 'link',
              'data-testid': 'note-edit',
              'aria-label': 'Change this note',
              on: { click: () => edit(note) },
            },
            'Change',
          ),
      ),
    );
  }

  load();
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'notes-title' },
    h('h2', { id: 'notes-title' }, 'Notes'),
    h(
      'form',
      { class: 'note-form', 'data-testid': 'note-form', on: { submit: add } },
      text.node,
      audience.node,
      error,
      h('div', { class: 'page-tools' }, save),
    ),
    list,
  );
}
