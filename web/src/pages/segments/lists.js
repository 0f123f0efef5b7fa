/** Static lists: who is on them was said once, by a file or over the API, and stays so until somebody says otherwise. */
import { call, getAll, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { moment } from '../../ui/format.js';
import { ask, empty, explain, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { icon } from '../../ui/icons.js';
import { tabs } from './list.js';
import { peopleText } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {PeopleList} from './shapes.js' */

/** @param {HTMLElement} place @param {{context: Context, signal: AbortSignal}} options */
export function listsView(place, { context, signal }) {
  const body = h('div', { class: 'stack' });
  const canEdit = may(context.me, 'segments');
  const add = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': 'new-list', on: { click: () => make(context) } },
    icon('plus', 18),
    'New list',
  );
  fill(
    place,
    tabs(context, 'lists'),
    h(
      'p',
      { class: 'quiet' },
      'People from a file: a trade fair, a raffle, a partner. Segments ask who is on a list, or who is not.',
    ),
    canEdit && h('div', { class: 'page-tools' }, add),
    body,
  );
  whileLoading(
    body,
    () => getAll('/v1/lists', {}, signal),
    (lists) =>
      lists.length
        ? h('ul', { class: 'cards', 'data-testid': 'people-lists' }, lists.map(row))
        : empty(
            'No lists yet',
            'A list takes e-mail addresses, telephone numbers, card numbers or your own customer ids.',
          ),
  );
}

/** @param {PeopleList} list */
function row({ id, name, description, people, hidden, updated_at: at, used_by: uses }) {
  const facts = [
    peopleText(people, hidden),
    `changed ${moment(at)}`,
    uses.length > 0 && `used by ${uses.map((use) => use.name).join(', ')}`,
  ];
  return h(
    'li',
    { class: 'segment-row', 'data-testid': 'list-row' },
    h(
      'div',
      { class: 'row-text' },
      h('p', { class: 'row-title' }, h('a', { class: 'title-link breaks', href: `/segments?list=${id}` }, name)),
      description && h('p', { class: 'breaks' }, description),
      h('p', { class: 'quiet breaks' }, facts.filter(Boolean).join(' · ')),
    ),
  );
}

/** @param {Context} context */
async function make(context) {
  const stores =
    context.me.operator.role === 'shop' ? /** @type {Store[]} */ (await getAll('/v1/stores').catch(() => [])) : [];
  const name = textField(
    'Name',
    { maxlength: 200, required: true, placeholder: 'Trade fair 2026' },
    { testid: 'list-name' },
  );
  const about = textField('What it is for', { maxlength: 2000 }, { testid: 'list-about' });
  const store = selectField(
    'Whose customers',
    stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name])),
    stores[0]?.id ?? '',
    { testid: 'list-store' },
  );
  const answer = await ask({
    title: 'New list',
    testid: 'list-dialog',
    body: [name.node, about.node, stores.length > 1 && store.node],
    actions: [
      { label: 'Cancel', value: '' },
      { label: 'Make it', value: 'yes', tone: 'primary', testid: 'confirm' },
    ],
  });
  if (!answer) return;
  const body = {
    name: name.input.value.trim(),
    description: about.input.value.trim(),
    store_id: stores.length ? store.input.value : null,
  };
  try {
    const { data } = await call('POST', '/v1/lists', { body, once: newKey() });
    context.navigate(`/segments?list=${data.id}`);
  } catch (error) {
    context.toast(explain(error), { tone: 'bad' });
  }
}
