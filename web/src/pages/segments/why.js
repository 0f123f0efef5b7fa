/** Why somebody is in a segment, or is not: each condition with what is known of the person about it. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, loading, pill } from '../../ui/widgets.js';
import { personText } from './words.js';

/** @import {Access, PeopleFound} from '../../types' */
/** @import {Check, PersonShort, Segment, Why} from './shapes.js' */

/** @param {{segment: Segment, signal: AbortSignal}} options */
export function whyCard({ segment, signal }) {
  const typed = textField(
    'Name, e-mail, phone, card or order',
    { type: 'search', maxlength: 200, spellcheck: 'false' },
    { testid: 'why-query' },
  );
  const found = h('div', { 'data-testid': 'why-found' });
  const answer = h('div', { role: 'status', 'data-testid': 'why' });

  /** @param {SubmitEvent} event */
  async function find(event) {
    event.preventDefault();
    const q = typed.input.value.trim();
    if (q.length < 2) return typed.input.focus();
    try {
      const { items } = /** @type {PeopleFound} */ (await get('/v1/people/search', { q }, signal));
      if (items.length === 1) return show(items[0]);
      fill(found, items.length ? choices(items) : h('p', { class: 'quiet' }, 'Nobody found.'));
    } catch (error) {
      if (!signal.aborted) fill(found, h('p', { class: 'form-error', role: 'alert' }, explain(error)));
    }
  }

  /** @param {PersonShort[]} people */
  const choices = (people) =>
    h(
      'ul',
      { class: 'why-choices' },
      people.map((person) =>
        h(
          'li',
          null,
          h(
            'button',
            { type: 'button', class: 'button button-small', on: { click: () => show(person) } },
            personText(person),
          ),
        ),
      ),
    );

  /** @param {PersonShort} person */
  async function show(person) {
    fill(found);
    fill(answer);
    try {
      const { needed, open } = /** @type {Access} */ (
        await get(`/v1/profiles/${person.profile_id}/access`, {}, signal)
      );
      const reason = needed && !open ? await askReason() : undefined;
      if (reason === null) return;
      fill(answer, loading('Looking…'));
      const why = /** @type {Why} */ (
        await get(`/v1/segments/${segment.id}/why/${person.profile_id}`, { reason }, signal)
      );
      fill(answer, explained(why, person));
      answer.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      if (!signal.aborted) fill(answer, h('p', { class: 'form-error' }, explain(error)));
    }
  }

  return {
    node: h(
      'section',
      { class: 'card', 'aria-labelledby': 'why-title', 'data-testid': 'why-card' },
      h('h2', { id: 'why-title' }, 'Why is somebody in, or out?'),
      h(
        'form',
        { class: 'why-search', role: 'search', on: { submit: find } },
        typed.node,
        h('button', { class: 'button' }, icon('search', 18), 'Find'),
      ),
      found,
      answer,
    ),
    show,
  };

  /** What is known of a real person is shown for a reason, which the audit log keeps. */
  async function askReason() {
    const reason = textField('Reason', { maxlength: 300, minlength: 3, required: true }, { testid: 'why-reason' });
    const said = await ask({
      title: 'Why do you look at this person?',
      testid: 'why-reason-dialog',
      body: [h('p', null, 'A real customer: the reason is kept in the audit log, and they may see it.'), reason.node],
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Show why', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    return said ? reason.input.value.trim() : null;
  }
}

/** @param {Why} why @param {PersonShort} person */
function explained({ inside, since, left_at: left, because, check }, person) {
  const time = inside && since ? `since ${moment(since)}` : left ? `left ${moment(left)}` : null;
  return [
    h(
      'p',
      { class: 'row-title' },
      h('strong', { class: 'breaks' }, personText(person)),
      pill(inside ? 'in' : 'not in', inside ? 'ok' : 'warn'),
      time && h('span', { class: 'quiet' }, time),
    ),
    h('p', { class: 'breaks' }, because),
    h('ul', { class: 'check-tree' }, checkView(check)),
  ];
}

/** What joins conditions; their own words follow below. @type {Record<string, string>} */
const JOINED = { all: 'all of these', any: 'at least one of these', not: 'not this' };

/** @param {Check} check @returns {HTMLElement} */
function checkView({ kind, text, met, found, changes_at: at, of }) {
  return h(
    'li',
    { class: met ? 'check-met' : 'check-unmet', 'data-testid': 'check' },
    h(
      'p',
      { class: 'checked-line' },
      icon(met ? 'check' : 'close', 18),
      h('span', { class: 'visually-hidden' }, met ? 'Yes: ' : 'No: '),
      h(
        'span',
        { class: 'breaks' },
        JOINED[kind] ?? text,
        found !== null && h('span', { class: 'quiet' }, ` (${found})`),
        at && h('span', { class: 'quiet' }, ` · may change ${moment(at)}`),
      ),
    ),
    of.length > 0 && h('ul', null, of.map(checkView)),
  );
}
