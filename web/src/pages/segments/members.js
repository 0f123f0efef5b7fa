/** Who is in a segment, a page at a time. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { explain, whileLoading } from '../../ui/widgets.js';
import { personLink } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Member, PersonShort, Segment} from './shapes.js' */

const PAGE = 20;

/**
 * @param {{context: Context, segment: Segment, signal: AbortSignal, onWhy: (person: PersonShort) => void}} options
 */
export function membersCard({ segment, signal, onWhy }) {
  const path = `/v1/segments/${segment.id}/members`;
  const body = h('div', { class: 'stack' });
  whileLoading(
    body,
    () => get(path, { limit: PAGE }, signal),
    (first) => peopleList({ path, first, signal, row: (person) => row(person, onWhy), none: 'Nobody is in it now.' }),
  );
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'members-title', 'data-testid': 'members' },
    h('h2', { id: 'members-title' }, 'Who is in it'),
    body,
  );
}

/** @param {Member} person @param {(person: PersonShort) => void} onWhy */
const row = (person, onWhy) =>
  h(
    'li',
    { class: 'member-row', 'data-testid': 'member-row' },
    h(
      'span',
      { class: 'row-text' },
      personLink(person),
      h('span', { class: 'quiet' }, `since ${moment(person.since)}`),
    ),
    h(
      'button',
      { type: 'button', class: 'button button-small', 'data-testid': 'member-why', on: { click: () => onWhy(person) } },
      'Why?',
    ),
  );

/**
 * @param {{path: string, first: {items: any[], next: string | null}, signal: AbortSignal, row: (person: any) => HTMLElement,
 *   none: string}} options
 */
export function peopleList({ path, first, signal, row: rowOf, none }) {
  if (!first.items.length) return h('p', { class: 'quiet', 'data-testid': 'empty' }, none);
  let cursor = first.next;
  const list = h('ul', { class: 'member-list' }, first.items.map(rowOf));
  const trouble = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const more = h(
    'button',
    { type: 'button', class: 'button', hidden: !cursor, 'data-testid': 'more-people', on: { click: next } },
    'Show more',
  );

  async function next() {
    more.disabled = true;
    trouble.hidden = true;
    try {
      const page = await get(path, { limit: PAGE, cursor }, signal);
      cursor = page.next;
      list.append(...page.items.map(rowOf));
      more.hidden = !cursor;
    } catch (error) {
      if (signal.aborted) return;
      fill(trouble, explain(error));
      trouble.hidden = false;
    }
    more.disabled = false;
  }

  return [list, trouble, more];
}
