/** The first start: what this is, who runs it, and three questions with nothing ticked beforehand. */

import { h } from '../src/ui/dom.js';
import { choices, intro, rights } from './consent.js';
import { register, state } from './session.js';

export function start() {
  const app = /** @type {import('./types').AppInfo} */ (state.app);
  const who = app.data_controller;
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const submit = h('button', { type: 'submit', class: 'main', 'data-testid': 'continue' }, 'Continue');
  const form = h(
    'form',
    { class: 'view', 'data-testid': 'start', on: { submit: send } },
    h('section', null, h('h1', null, `Welcome to ${app.name}`), h('p', null, intro(app.name, who))),
    choices(who).map(({ kind, name, text }) =>
      h(
        'fieldset',
        { class: 'card', 'data-testid': kind },
        h('legend', null, name),
        h('p', null, text),
        h('div', { class: 'choice' }, radio(kind, 'granted', 'Yes', name), radio(kind, 'denied', 'No', name)),
      ),
    ),
    h('p', { class: 'quiet' }, rights),
    wrong,
    submit,
  );

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    const given = new FormData(form);
    /** @param {string} kind */
    const decision = (kind) => /** @type {import('./types').Decision} */ (given.get(kind) ?? 'unknown');
    submit.disabled = true;
    const problem = await register({
      location: decision('location'),
      marketing_push: decision('marketing_push'),
      personalisation: decision('personalisation'),
    });
    submit.disabled = false;
    wrong.textContent = problem;
  }
  return { node: form, draw: () => {} };
}

/** @param {string} name @param {string} value @param {string} label @param {string} of */
const radio = (name, value, label, of) =>
  h('label', null, h('input', { type: 'radio', name, value, 'aria-label': `${of}: ${label}` }), h('span', null, label));
