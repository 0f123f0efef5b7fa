/** What cannot be undone: forgetting a person. */
import { post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { ask, explain } from '../../ui/widgets.js';
import { personName } from './words.js';

/** @import {Person} from './person.js' */

/** @type {[string, string][]} */
const REASONS = [
  ['request', 'They asked for it'],
  ['authority', 'An authority asked for it'],
  ['child', 'They are a child'],
  ['inactive', 'They have not been here for long'],
  ['mistake', 'They should never have been in here'],
  ['test', 'It was a test'],
];

/** @param {Person} person */
export function actionsCard({ id, context, profile, guarded }) {
  const name = personName(profile) ?? 'forget';

  async function erase() {
    const why = selectField('Why', REASONS, 'request', { testid: 'erase-reason' });
    const typed = textField(
      `Type “${name}” to go on`,
      { required: true, spellcheck: 'false' },
      { testid: 'erase-name' },
    );
    const answer = ask({
      title: 'Erase this person?',
      testid: 'erase-dialog',
      body: [
        h(
          'p',
          null,
          'Their ids, devices, visits, messages, consents, carts and notes are deleted; orders stay for the books, without the person. Nobody can undo it. A receipt without a name is kept.',
        ),
        why.node,
        typed.node,
      ],
      actions: [
        { label: 'Keep them', value: '' },
        { label: 'Erase for good', value: 'yes', tone: 'danger', testid: 'erase-confirm' },
      ],
    });
    const isRight = () => typed.input.value.trim().toLowerCase() === name.toLowerCase();
    const button = /** @type {HTMLButtonElement} */ (document.querySelector('[data-testid="erase-confirm"]'));
    button.disabled = true;
    typed.input.addEventListener('input', () => (button.disabled = !isRight()));
    if (!(await answer) || !isRight()) return;
    try {
      const receipt = await guarded(() => post(`/v1/profiles/${id}/erase`, { reason: why.input.value }));
      context.toast(`The person is erased. Receipt ${receipt.id}.`);
      context.navigate('/people');
    } catch (failed) {
      if (!(failed instanceof DOMException)) context.toast(explain(failed), { tone: 'bad' });
    }
  }

  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'actions-title' },
    h('h2', { id: 'actions-title' }, 'Their right to be forgotten'),
    h('p', null, 'If they ask to be forgotten, erase them here. It takes a moment and is final.'),
    h(
      'div',
      { class: 'page-tools' },
      h(
        'button',
        { type: 'button', class: 'button button-danger', 'data-testid': 'erase', on: { click: erase } },
        'Erase this person…',
      ),
    ),
  );
}
