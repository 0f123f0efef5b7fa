/** The two dialogs of an operator's word: one person is two, or two are one. Each shows what comes of it before. */
import { get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { empty, explain, loading } from '../../ui/widgets.js';
import { wideDialog } from '../../ui/wide_dialog.js';
import { idKind, idWords, personName } from './words.js';

/** @import {FoundPerson, PersonId, PeopleFound, ProfileDetail} from '../../types' */
/** @import {Person} from './person.js' */

const WAIT_MS = 250;

/** Which ids are somebody else's? @param {Person} person */
export function comeApart({ id, profile, context, guarded, reload }) {
  const dialog = wideDialog('This is two people', { testid: 'apart-dialog' });
  const boxes = profile.ids.map((one) => {
    const box = h('input', { type: 'checkbox', value: one.id, 'data-testid': `apart-${one.kind}` });
    return { one, box, node: h('label', { class: 'check' }, box, h('span', { class: 'breaks' }, idWords(one))) };
  });
  const preview = h('div', { 'aria-live': 'polite', 'data-testid': 'apart-preview' });
  const reason = reasonField('apart-reason');
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const confirm = button('Take them apart', 'apart-confirm', 'button-primary');

  function show() {
    const leave = boxes.filter(({ box }) => box.checked).map(({ one }) => one);
    const stay = boxes.filter(({ box }) => !box.checked).map(({ one }) => one);
    const can = leave.length > 0 && stay.length > 0;
    confirm.disabled = !can;
    fill(
      preview,
      can
        ? sides([
            ['Stays', stay],
            ['Becomes somebody else', leave],
          ])
        : h('p', { class: 'quiet' }, 'Tick the ids that belong to somebody else; at least one stays.'),
    );
  }

  async function send() {
    if (!reason.input.reportValidity()) return;
    confirm.disabled = true;
    const out = boxes.filter(({ box }) => box.checked).map(({ one }) => one.id);
    try {
      const body = { identifier_ids: out, reason: reason.input.value.trim() };
      await guarded(() => post(`/v1/profiles/${id}/unmerge`, body));
      dialog.close();
      context.toast('They are two people now. What came with an id went with it.');
      reload();
    } catch (failed) {
      complain(error, confirm, failed, dialog);
    }
  }

  confirm.addEventListener('click', send);
  for (const { box } of boxes) box.addEventListener('change', show);
  fill(
    dialog.body,
    h(
      'div',
      { class: 'stack' },
      h(
        'p',
        null,
        'Which of these ids are somebody else’s? Orders, visits and notes go with the id that they came with.',
      ),
      h(
        'fieldset',
        { class: 'bare-group' },
        h('legend', null, 'Ids'),
        boxes.map(({ node }) => node),
      ),
      preview,
      reason.node,
      error,
    ),
  );
  fill(dialog.foot, cancel(dialog), confirm);
  show();
}

/** Who is the same person? @param {Person} person */
export function samePerson({ id, profile, context, access, guarded, reload }) {
  const abort = new AbortController();
  const dialog = wideDialog('The same person', { testid: 'same-dialog', onClose: () => abort.abort() });
  const query = textField(
    'The other one',
    { type: 'search', maxlength: 200, spellcheck: 'false' },
    { testid: 'same-query', hint: 'Name, e-mail, phone, card, order: as on the page People.' },
  );
  const list = h('div', { 'aria-live': 'polite' });
  const reason = reasonField('same-reason');
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const preview = h('div', { 'data-testid': 'same-preview' });
  const confirm = button('They are one person', 'same-confirm', 'button-primary');
  let timer = 0;
  let other = /** @type {ProfileDetail | null} */ (null);
  confirm.disabled = true;

  async function find() {
    const q = query.input.value.trim();
    if (q.length < 2) return fill(list);
    try {
      const found = /** @type {PeopleFound} */ (await get('/v1/people/search', { q, limit: 8 }, abort.signal));
      const others = found.items.filter((one) => one.profile_id !== profile.id);
      fill(
        list,
        others.length
          ? h('ul', { class: 'cards' }, others.map(choice))
          : empty('Nobody else found', 'Try another part of the name or id.'),
      );
    } catch (failed) {
      if (!abort.signal.aborted) complain(error, confirm, failed, dialog);
    }
  }

  /** @param {FoundPerson} one */
  const choice = (one) =>
    h(
      'li',
      null,
      h(
        'button',
        {
          type: 'button',
          class: 'row-link same-choice',
          'data-testid': 'same-choice',
          on: { click: () => choose(one) },
        },
        h(
          'span',
          { class: 'row-text' },
          h('strong', { class: 'breaks' }, one.name || 'No name yet'),
          one.matched && h('span', { class: 'quiet breaks' }, `${idKind(one.matched_kind)} ${one.matched}`),
        ),
      ),
    );

  /** Looking at the other one needs a reason too: the one for which this person is open. @param {FoundPerson} one */
  async function choose(one) {
    fill(list, loading());
    error.hidden = true;
    try {
      await post(`/v1/profiles/${one.profile_id}/access`, access.reason ? { reason: access.reason } : {});
      other = /** @type {ProfileDetail} */ (await get(`/v1/profiles/${one.profile_id}`, {}, abort.signal));
      fill(list);
      fill(
        preview,
        h(
          'p',
          null,
          'One person with all of these ids, and all orders, visits, messages and notes that came with them:',
        ),
        sides([
          [personName(profile) ?? 'This person', profile.ids],
          [personName(other) ?? 'The other', other.ids],
        ]),
      );
      confirm.disabled = false;
      reason.input.focus();
    } catch (failed) {
      if (abort.signal.aborted) return;
      fill(list);
      complain(error, confirm, failed, dialog);
    }
  }

  async function send() {
    if (!other || !reason.input.reportValidity()) return;
    confirm.disabled = true;
    try {
      const body = { profile_id: other.id, reason: reason.input.value.trim() };
      const { profile_id: one } = await guarded(() => post(`/v1/profiles/${id}/merge`, body));
      dialog.close();
      context.toast('They are one person now. It can be taken back below.');
      if (one === profile.id) reload();
      else context.navigate(`/people/${one}`);
    } catch (failed) {
      complain(error, confirm, failed, dialog);
    }
  }

  confirm.addEventListener('click', send);
  query.input.addEventListener('input', () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(find, WAIT_MS);
  });
  fill(dialog.body, h('div', { class: 'stack' }, query.node, list, preview, reason.node, error));
  fill(dialog.foot, cancel(dialog), confirm);
  query.input.focus();
}

/** @param {string} testid */
const reasonField = (testid) =>
  textField(
    'Reason',
    { required: true, minlength: 3, maxlength: 300 },
    { testid, hint: 'It stands with the ids and in the audit log.' },
  );

/** Ids in two columns. @param {[string, PersonId[]][]} columns */
const sides = (columns) =>
  h(
    'div',
    { class: 'sides' },
    columns.map(([title, ids]) =>
      h(
        'div',
        null,
        h('h3', null, title),
        h(
          'ul',
          { class: 'plain-list' },
          ids.map((one) => h('li', { class: 'breaks' }, idWords(one))),
        ),
      ),
    ),
  );

/** @param {string} words @param {string} testid @param {string} look */
const button = (words, testid, look) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid }, words);

/** @param {{close: () => void}} dialog */
const cancel = (dialog) =>
  h('button', { type: 'button', class: 'button', on: { click: () => dialog.close() } }, 'Cancel');

/** @param {HTMLElement} error @param {HTMLButtonElement} confirm @param {unknown} failed @param {{close: () => void}} dialog */
function complain(error, confirm, failed, dialog) {
  if (failed instanceof DOMException) return dialog.close(); // the reason is asked for anew
  confirm.disabled = false;
  fill(error, explain(failed));
  error.hidden = false;
}
