/**
 * Before a real person's screen stands the question why. The answer opens it for half an hour, is kept in the audit log,
 * and the screen says so.
 */
import { ApiError, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { minute } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { explain, failure, loading } from '../../ui/widgets.js';
import { personView } from './person.js';

/** @import {Access, Context} from '../../types' */
/** @typedef {{context: Context, id: string, signal: AbortSignal}} Options */

const REASONS = ['On the phone with them', 'Return or refund', 'Complaint', 'They ask about their data'];

/** Shows the person, after the reason where one is needed. @param {HTMLElement} place @param {Options} options */
export async function askReason(place, options) {
  const { id, signal } = options;
  fill(place, loading());
  try {
    const access = /** @type {Access} */ (await get(`/v1/profiles/${id}/access`, {}, signal));
    if (access.needed && !access.open) return fill(place, question(place, options));
    // whom one looks at is listed, also where no reason is asked for
    show(place, options, access.needed ? access : await post(`/v1/profiles/${id}/access`, {}));
  } catch (error) {
    if (signal.aborted) return;
    const isGone = error instanceof ApiError && error.status === 404;
    fill(place, backLink(), isGone ? gone() : failure(error, () => askReason(place, options)));
  }
}

/** @param {HTMLElement} place @param {Options} options @param {Access} access */
function show(place, options, access) {
  // a refusal on the way means that the half hour is over
  const again = () => fill(place, question(place, options));
  fill(place, backLink(), banner(access), personView({ ...options, id: access.profile_id, access, again }));
}

/** @param {HTMLElement} place @param {Options} options */
function question(place, options) {
  const reason = textField(
    'Reason',
    { maxlength: 300, required: true, minlength: 3 },
    { testid: 'access-reason', hint: 'A ticket number is enough. It is kept in the audit log, and they may see it.' },
  );
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const open = h('button', { class: 'button button-primary', 'data-testid': 'access-open' }, 'Open');

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    open.disabled = true;
    try {
      const access = await post(`/v1/profiles/${options.id}/access`, { reason: reason.input.value.trim() });
      if (!options.signal.aborted) show(place, options, access);
      place.querySelector('h1')?.focus();
    } catch (failed) {
      open.disabled = false;
      fill(error, explain(failed));
      error.hidden = false;
    }
  }

  return [
    backLink(),
    h(
      'form',
      { class: 'card access-card', 'data-testid': 'access-form', on: { submit: send } },
      h('h1', null, 'Why do you look at this person?'),
      h(
        'p',
        null,
        'This is a real customer. Say why you open their orders, messages and visits; it stays open for half an hour.',
      ),
      h(
        'div',
        { class: 'chip-row', role: 'group', 'aria-label': 'Usual reasons' },
        REASONS.map((words) =>
          h(
            'button',
            {
              type: 'button',
              class: 'button button-small',
              on: {
                click: () => {
                  reason.input.value = words;
                  reason.input.focus();
                },
              },
            },
            words,
          ),
        ),
      ),
      reason.node,
      error,
      h('div', { class: 'page-tools' }, open, h('a', { class: 'button button-quiet', href: '/people' }, 'Cancel')),
    ),
  ];
}

/** @param {Access} access */
const banner = ({ needed, reason, until }) =>
  h(
    'p',
    { class: 'access-note', 'data-testid': 'access-note' },
    icon(needed ? 'eye' : 'hint', 18),
    h(
      'span',
      { class: 'breaks' },
      needed
        ? `You look at a real person: “${reason}”. That is in the audit log. Open until ${until && minute(until)}.`
        : 'A simulated or test person: no reason is asked for, nothing goes to the audit log.',
    ),
  );

const backLink = () => h('a', { class: 'back-link', href: '/people' }, icon('back', 16), 'People');
const gone = () =>
  h(
    'div',
    { class: 'state', 'data-testid': 'empty' },
    h('p', { class: 'state-title' }, 'No such person'),
    h('p', null, 'They were erased, or they are no customer of your stores.'),
  );
