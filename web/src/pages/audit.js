/** Who looked at whom and who changed what: the audit log, newest first. */
import { get, queryString } from '../api.js';
import { fill, h } from '../ui/dom.js';
import { selectField, textField } from '../ui/fields.js';
import { clock, day, fromLocalField, toLocalField } from '../ui/format.js';
import { empty, explain, failure, loading, pill } from '../ui/widgets.js';
import { may } from '../ui/words.js';

/**
 * @typedef {{id: string, at: string, actor: string, actor_name: string | null, action: string,
 *   subject: string | null, reason: string | null}} Entry
 */

const PAGE = 50;
/** @type {[string, string][]} */
const KINDS = [
  ['', 'Everything'],
  ['read', 'Looked at a person'],
  ['change', 'Changed something'],
];

/** @type {import('../types').Page} */
export function auditPage(root, context, query) {
  const abort = new AbortController();
  const head = h('header', { class: 'page-head' }, h('h1', null, 'Audit log'));
  if (!may(context.me, 'admin')) {
    fill(root, h('div', { class: 'page' }, head, empty('Only for owners', 'Ask an owner of the programme.')));
    return () => {};
  }
  const kind = selectField('Kind', KINDS, query.get('kind') ?? '', { testid: 'audit-kind' });
  const action = textField(
    'Action',
    { value: query.get('action') ?? '', placeholder: 'e.g. key.create' },
    {
      testid: 'audit-action',
    },
  );
  const subject = textField('Whom or what (id)', { value: query.get('subject') ?? '' }, { testid: 'audit-subject' });
  const since = textField(
    'Since',
    { type: 'datetime-local', value: toLocalField(query.get('since')) },
    {
      testid: 'audit-since',
    },
  );
  const list = h('ul', { class: 'cards', 'data-testid': 'audit-list' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);

  function apply() {
    context.navigate(
      `/audit${queryString({
        kind: kind.input.value,
        action: action.input.value.trim(),
        subject: subject.input.value.trim(),
        since: fromLocalField(since.input.value),
      })}`,
    );
  }

  async function more() {
    fill(foot, loading());
    const names = ['kind', 'action', 'subject', 'since'];
    const wanted = Object.fromEntries(names.map((name) => [name, query.get(name)]));
    try {
      const page = await get('/v1/audit-log', { ...wanted, limit: PAGE, cursor }, abort.signal);
      cursor = page.next;
      list.append(...page.items.map(row));
      const older = h(
        'button',
        { type: 'button', class: 'button', 'data-testid': 'more', on: { click: more } },
        'Show older ones',
      );
      fill(foot, list.childElementCount === 0 ? nothing() : cursor && older);
    } catch (error) {
      if (abort.signal.aborted) return;
      fill(foot, list.childElementCount ? h('p', { role: 'alert' }, explain(error)) : failure(error, more));
    }
  }

  const nothing = () =>
    query.size > 0
      ? empty('No such entry', 'Choose another kind, action or time above.')
      : empty('Nothing yet', 'As soon as somebody looks at a person or changes a key or a setting, it is listed here.');

  fill(
    root,
    h(
      'div',
      { class: 'page' },
      head,
      h(
        'form',
        {
          class: 'filters',
          'aria-label': 'Filter',
          on: {
            change: apply,
            submit: (/** @type {Event} */ event) => {
              event.preventDefault();
              apply();
            },
          },
        },
        kind.node,
        action.node,
        subject.node,
        since.node,
      ),
      list,
      foot,
    ),
  );
  more();
  return () => abort.abort();
}

/** @param {Entry} entry */
function row(entry) {
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'audit-row' },
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('strong', { class: 'breaks' }, entry.actor_name ?? entry.actor),
        pill(entry.action, 'info'),
      ),
      entry.subject && h('p', { class: 'breaks' }, `About ${entry.subject}`),
      entry.reason && h('p', { class: 'breaks' }, `Reason: ${entry.reason}`),
      h('p', { class: 'quiet' }, `${day(entry.at)}, ${clock(entry.at)}`),
    ),
  );
}
