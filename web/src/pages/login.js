/** Logging in with e-mail and password. The link `make run` prints does it without this page. */
import { ApiError, post } from '../api.js';
import { fill, h } from '../ui/dom.js';
import { textField } from '../ui/fields.js';
import { mark } from '../ui/icons.js';
import { explain } from '../ui/widgets.js';

/** @import {Me} from '../types' */

/** @param {HTMLElement} root @param {(me: Me) => void} onDone */
export function loginPage(root, onDone) {
  const email = textField('E-mail', { type: 'email', autocomplete: 'username', required: true }, { testid: 'email' });
  const password = textField(
    'Password',
    { type: 'password', autocomplete: 'current-password', required: true },
    { testid: 'password' },
  );
  const complaint = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const button = h('button', { class: 'button button-primary button-wide', 'data-testid': 'log-in' }, 'Log in');

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    complaint.hidden = true;
    button.disabled = true;
    try {
      onDone(await post('/v1/login', { email: email.input.value.trim(), password: password.input.value }));
    } catch (error) {
      const wrong = error instanceof ApiError && (error.status === 401 || error.status === 422);
      fill(complaint, wrong ? 'E-mail or password is wrong.' : explain(error));
      complaint.hidden = false;
      button.disabled = false;
      password.input.focus();
    }
  }

  document.title = 'Log in · geoengage';
  fill(
    root,
    h(
      'main',
      { class: 'login' },
      h(
        'form',
        { class: 'card login-card', 'data-testid': 'login-form', on: { submit } },
        h('div', { class: 'brand' }, mark(36), h('h1', null, 'geoengage')),
        complaint,
        email.node,
        password.node,
        button,
      ),
    ),
  );
  if (new URLSearchParams(window.location.search).get('link') === 'expired') {
    fill(complaint, 'That link has expired. Log in here, or run make run again for a fresh one.');
    complaint.hidden = false;
  }
  email.input.focus();
}
