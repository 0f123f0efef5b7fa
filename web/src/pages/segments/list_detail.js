/** One static list: a file that puts people on it or takes them off, and who is on it. */
import { ApiError, call, get, upload } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, selectField, textField } from '../../ui/fields.js';
import { moment, number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { ask, explain, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { fileDrop, progressBar } from '../imports/file_drop.js';
import { peopleList } from './members.js';
import { usedCard } from './used.js';
import { peopleText, personLink } from './words.js';

/** @import {Context} from '../../types' */
/** @import {ListChange, Member, PeopleList} from './shapes.js' */
/** @typedef {{context: Context, list: PeopleList, signal: AbortSignal, reload: () => void}} Shown */

const MOST_BYTES = 50e6;
const MOST_SHOWN = 50;
/** @type {[string, string][]} */
const KINDS = [
  ['', 'as its first line says'],
  ['email', 'E-mail addresses'],
  ['phone', 'Telephone numbers'],
  ['external_id', 'Your own customer ids'],
  ['loyalty_card', 'Card numbers'],
  ['source_id', 'Ids of a shop system'],
  ['profile_id', 'Ids of this system'],
];
/** @type {[string, string][]} */
const MODES = [
  ['add', 'put on the list'],
  ['remove', 'taken off the list'],
  ['replace', 'the whole list from now on'],
];

/** @param {HTMLElement} place @param {{context: Context, id: string, signal: AbortSignal}} options */
export function listDetail(place, { context, id, signal }) {
  const load = () =>
    whileLoading(
      place,
      () => get(`/v1/lists/${id}`, {}, signal),
      (list) => screen({ context, list, signal, reload: load }),
    );
  load();
}

/** @param {Shown} shown */
function screen(shown) {
  const { context, list, signal } = shown;
  const seesPeople = may(context.me, 'customers');
  const count = h('p', { class: 'preview-count', 'data-testid': 'list-people' });
  const people = h('div', { class: 'stack' });
  const path = `/v1/lists/${list.id}/people`;

  /** @param {PeopleList} now */
  function showCount({ people: many, hidden }) {
    fill(count, many === null ? peopleText(many, hidden) : number(many));
  }

  function showPeople() {
    if (!seesPeople) return fill(people, h('p', { class: 'quiet' }, 'Who they are is shown to owners and support.'));
    whileLoading(
      people,
      () => get(path, { limit: 20 }, signal),
      (first) => peopleList({ path, first, signal, row, none: 'Nobody is on it yet.' }),
    );
  }

  /** Someone was put on or taken off; the report of it stays. */
  async function changed() {
    showPeople();
    showCount(await get(`/v1/lists/${list.id}`, {}, signal).catch(() => list));
  }

  showCount(list);
  showPeople();
  return h(
    'article',
    { 'data-testid': 'people-list' },
    h('a', { class: 'back-link', href: '/segments?lists=1' }, icon('back', 16), 'Lists'),
    h(
      'header',
      { class: 'page-head' },
      h('h1', { class: 'breaks' }, list.name),
      may(context.me, 'segments') && h('div', { class: 'page-tools' }, tools(shown)),
    ),
    list.description && h('p', { class: 'breaks' }, list.description),
    h(
      'div',
      { class: 'detail-columns' },
      h('div', null, seesPeople && fileCard(shown, changed)),
      h(
        'div',
        null,
        h(
          'section',
          { class: 'card', 'aria-labelledby': 'on-title' },
          h('h2', { id: 'on-title' }, 'Who is on it'),
          count,
          people,
        ),
        usedCard(list.used_by),
      ),
    ),
  );
}

/** @param {Member} person */
const row = (person) =>
  h(
    'li',
    { class: 'member-row', 'data-testid': 'member-row' },
    h(
      'span',
      { class: 'row-text' },
      personLink(person),
      h('span', { class: 'quiet' }, `since ${moment(person.since)}`),
    ),
  );

/** @param {Shown} shown @param {() => void} changed */
function fileCard({ list, signal }, changed) {
  const kind = selectField('The file holds', KINDS, '', { testid: 'list-kind' });
  const mode = selectField('Who is in it is', MODES, 'add', { testid: 'list-mode' });
  const progress = progressBar();
  const report = h('div', { role: 'status', 'data-testid': 'list-report' });
  const chooser = fileDrop({
    accept: '.csv,.txt,text/csv,text/plain',
    words: 'Choose a file, or drop it here',
    hint: 'A CSV file with a header line, or one id in each line and said above what they are',
    testid: 'list-file',
    onFile: send,
  });

  /** @param {File} file */
  async function send(file) {
    fill(report);
    if (file.size > MOST_BYTES) return complain('The file has more than 50 MB. Split it.');
    try {
      const { data } = await upload('POST', `/v1/lists/${list.id}/file`, {
        body: file,
        type: 'text/csv',
        query: { kind: kind.input.value, mode: mode.input.value },
        onProgress: (share) => progress.set(share, 'The server looks the people up…'),
        signal,
      });
      fill(report, changeReport(data));
      changed();
    } catch (error) {
      if (!signal.aborted) complain(explain(error));
    } finally {
      progress.set(null);
    }
  }

  /** @param {string} text */
  const complain = (text) => fill(report, h('p', { class: 'form-error' }, text));

  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'file-title' },
    h('h2', { id: 'file-title' }, 'From a file'),
    h('div', { class: 'field-pair' }, kind.node, mode.node),
    chooser.node,
    progress.node,
    report,
  );
}

/** @param {ListChange} change */
function changeReport({ added, already, removed, refused, errors }) {
  const said = [
    `${number(added)} put on`,
    removed > 0 && `${number(removed)} taken off`,
    already > 0 && `${number(already)} were on it`,
    refused > 0 && `${number(refused)} not taken`,
  ];
  return [
    h('p', { class: refused ? 'notice' : 'note' }, said.filter(Boolean).join(' · ')),
    errors.length > 0 &&
      h(
        'details',
        { open: errors.length <= 10 },
        h('summary', null, 'Lines that were not taken'),
        h(
          'ul',
          { class: 'plain-list', 'data-testid': 'list-refused' },
          errors
            .slice(0, MOST_SHOWN)
            .map(({ row: line, value, detail }) => h('li', { class: 'breaks' }, `Line ${line}, “${value}”: ${detail}`)),
        ),
        errors.length > MOST_SHOWN && h('p', { class: 'quiet' }, `and ${number(errors.length - MOST_SHOWN)} more`),
      ),
  ];
}

/** @param {Shown} shown */
function tools(shown) {
  return menuButton({
    label: 'More',
    content: icon('more'),
    class: 'button',
    testid: 'list-more',
    items: () => [
      { label: 'Rename', icon: 'note', testid: 'list-rename', act: () => rename(shown) },
      { label: 'Delete', icon: 'trash', tone: 'danger', testid: 'list-delete', act: () => remove(shown) },
    ],
  });
}

/** @param {Shown} shown */
async function rename({ context, list, reload }) {
  const name = textField('Name', { value: list.name, maxlength: 200, required: true }, { testid: 'list-name' });
  const about = areaField('What it is for', { value: list.description, maxlength: 2000 }, { testid: 'list-about' });
  const answer = await ask({
    title: 'Rename the list',
    testid: 'list-dialog',
    body: [name.node, about.node],
    actions: [
      { label: 'Cancel', value: '' },
      { label: 'Save', value: 'yes', tone: 'primary', testid: 'confirm' },
    ],
  });
  if (!answer) return;
  const body = { name: name.input.value.trim(), description: about.input.value.trim() };
  try {
    await call('PATCH', `/v1/lists/${list.id}`, { body, etag: `"v${list.version}"` });
  } catch (error) {
    const isLate = error instanceof ApiError && error.status === 412;
    context.toast(isLate ? 'Somebody else changed it meanwhile: this is theirs.' : explain(error), { tone: 'bad' });
  }
  reload();
}

/** @param {Shown} shown */
async function remove({ context, list }) {
  const answer = await ask({
    title: `Delete ${list.name}?`,
    testid: 'list-delete-dialog',
    body: h('p', null, 'Who was on it is forgotten. The people themselves stay.'),
    actions: [
      { label: 'Keep it', value: '' },
      { label: 'Delete', value: 'yes', tone: 'danger', testid: 'confirm' },
    ],
  });
  if (!answer) return;
  try {
    await call('DELETE', `/v1/lists/${list.id}`);
    context.toast(`${list.name} is deleted.`);
    context.navigate('/segments?lists=1');
  } catch (error) {
    context.toast(explain(error), { tone: 'bad' });
  }
}
