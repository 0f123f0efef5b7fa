/** Search first: one field for everything that a customer may say on the telephone, and whom one has looked up lately. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, explain, loading, whileLoading } from '../../ui/widgets.js';
import { idKind } from './words.js';

/** @import {Context, FoundPerson, PeopleFound} from '../../types' */

const WAIT_MS = 250;
const SHORTEST = 2;
/** What was typed last, to come back to from a person. It lives as long as the page, and in no address. */
let lastTyped = '';

/** @param {HTMLElement} place @param {{context: Context, signal: AbortSignal}} options */
export function searchView(place, { context, signal }) {
  const typed = textField(
    'Name, e-mail, phone, card, order or device',
    { type: 'search', value: lastTyped, maxlength: 200, spellcheck: 'false' },
    {
      testid: 'people-query',
      hint: 'In whatever way they write or say it. Names are shortened until you have said why you look.',
    },
  );
  const result = h('div', { class: 'stack', 'data-testid': 'people-result' });
  let asked = 0;
  let timer = 0;
  let isWorking = /** @type {AbortController | null} */ (null);

  async function find() {
    const mine = ++asked;
    const q = typed.input.value.trim();
    lastTyped = q;
    isWorking?.abort();
    if (q.length < SHORTEST) return recent();
    const one = new AbortController();
    isWorking = one;
    try {
      const found = /** @type {PeopleFound} */ (await get('/v1/people/search', { q }, one.signal));
      if (mine === asked && !signal.aborted) showFound(q, found);
    } catch (error) {
      if (one.signal.aborted || signal.aborted) return;
      fill(result, h('p', { class: 'form-error', role: 'alert' }, explain(error)));
    }
  }

  /** @param {string} q @param {PeopleFound} found */
  function showFound(q, { items, more }) {
    const count = items.length === 1 ? 'One person' : `${items.length} people`;
    context.announce(items.length ? `${count} found` : 'Nobody found');
    fill(
      result,
      items.length
        ? [h('h2', null, more ? `The first ${items.length}` : count), list(items)]
        : empty(
            'Nobody found',
            `Nobody has “${q}” as a name or an id. Try another part of the name, the e-mail address, or the last four digits of the phone.`,
          ),
      more && h('p', { class: 'quiet' }, 'There are more: type more of the name or id.'),
    );
  }

  function recent() {
    whileLoading(
      result,
      () => get('/v1/people/recent', {}, signal),
      (/** @type {PeopleFound} */ { items }) =>
        items.length
          ? [h('h2', null, 'Whom you looked up lately'), list(items)]
          : empty('Nobody yet', 'Whom you look up is listed here for thirty days, for you alone.'),
    );
  }

  function later() {
    window.clearTimeout(timer);
    timer = window.setTimeout(find, WAIT_MS);
  }

  /** @param {SubmitEvent} event */
  async function first(event) {
    event.preventDefault();
    window.clearTimeout(timer);
    await find();
    const links = result.querySelectorAll('a');
    if (links.length === 1)
      links[0].click(); // the only one is meant
    else links[0]?.focus();
  }

  typed.input.addEventListener('input', later);
  signal.addEventListener('abort', () => window.clearTimeout(timer));
  fill(
    place,
    h('header', { class: 'page-head' }, h('h1', null, 'People')),
    h(
      'form',
      { class: 'people-search', role: 'search', 'data-testid': 'people-search', on: { submit: first } },
      typed.node,
      h('button', { class: 'button button-primary' }, icon('search', 18), 'Find'),
    ),
    result,
  );
  fill(result, loading());
  find();
  if (window.matchMedia('(min-width: 901px)').matches) typed.input.focus();
}

/** @param {FoundPerson[]} items */
const list = (items) => h('ul', { class: 'cards', 'data-testid': 'people-list' }, items.map(row));

/** @param {FoundPerson} person */
function row({ profile_id: id, name, masked, matched_kind: kind, matched, opened_at: at }) {
  const words = [
    kind && kind !== 'name' && matched && `${idKind(kind)} ${matched}`,
    at && `looked up ${moment(at)}`,
    masked && 'shortened until you say why',
  ];
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'row-link', href: `/people/${id}`, 'data-testid': 'person-row' },
      h('span', { class: 'person-face', 'aria-hidden': 'true' }, icon('user', 22)),
      h(
        'span',
        { class: 'row-text' },
        h('strong', { class: 'breaks' }, name || 'No name yet'),
        h('span', { class: 'quiet breaks' }, words.filter(Boolean).join(' · ')),
      ),
      icon('next', 18),
    ),
  );
}
