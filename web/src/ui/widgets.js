/**
 * Small building blocks shared by the pages: loading / empty / error states, pills, store logos, dialogs, toasts and
 * the live region.
 */
import { ApiError } from '../api.js';
import { fill, h, uid } from './dom.js';
import { colour, initials, onBrand } from './format.js';
import { icon } from './icons.js';

/** @import {Child} from './dom.js' */

/** @param {string} [text] */
export function loading(text = 'Loading…') {
  return h(
    'div',
    { class: 'state', role: 'status', 'data-testid': 'loading' },
    h('span', { class: 'spinner' }),
    h('p', null, text),
  );
}

/** @param {string} title @param {Child} [text] @param {Child} [action] */
export function empty(title, text, action) {
  return h(
    'div',
    { class: 'state', 'data-testid': 'empty' },
    h('p', { class: 'state-title' }, title),
    text && h('p', null, text),
    action,
  );
}

/** @param {unknown} error @param {() => void} [retry] */
export function failure(error, retry) {
  return h(
    'div',
    { class: 'state state-error', role: 'alert', 'data-testid': 'error' },
    icon('warning', 24),
    h(
      'p',
      { class: 'state-title' },
      error instanceof ApiError && error.status === 0 ? 'No connection' : 'This did not work',
    ),
    h('p', null, explain(error)),
    retry &&
      h('button', { type: 'button', class: 'button', 'data-testid': 'retry', on: { click: retry } }, 'Try again'),
  );
}

/** The sentence to show for an error. @param {unknown} error */
export function explain(error) {
  if (error instanceof ApiError) {
    const details = error.errors.map((item) => item.detail).filter(Boolean);
    return details.length && error.code === 'invalid-request' ? details.join(' · ') : error.message;
  }
  console.error(error);
  return 'The console made a mistake. Reload the page; if it happens again, tell us what you did.';
}

/**
 * Shows loading, then what `load` resolves to, or the error with a way to try again.
 * @template T
 * @param {HTMLElement} root
 * @param {() => Promise<T>} load
 * @param {(value: T) => Child} show
 */
export async function whileLoading(root, load, show) {
  fill(root, loading());
  try {
    fill(root, show(await load()));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) {
      fill(
        root,
        failure(error, () => whileLoading(root, load, show)),
      );
    }
  }
}

/** @param {string} text @param {string} tone one of ok, warn, bad, info, quiet */
export function pill(text, tone = 'quiet') {
  return h('span', { class: `pill pill-${tone}` }, text);
}

/** A store's logo: its initials on its colour. @param {string | null | undefined} name @param {string | null | undefined} brand */
export function logo(name, brand) {
  return h('span', { class: 'logo', 'aria-hidden': 'true', style: onBrand(colour(brand)) }, initials(name));
}

/**
 * A modal dialog. Resolves to the clicked action's value, or null when it was dismissed.
 * @param {{title: string, body: Child, actions: {label: string, value: string, tone?: string, testid?: string}[], testid?: string,
 *   look?: string}} options `look`: a further class
 * @returns {Promise<string | null>}
 */
export function ask({ title, body, actions, testid, look = '' }) {
  return new Promise((resolve) => {
    const id = uid('dialog');
    const dialog = h(
      'dialog',
      { class: `dialog ${look}`, 'aria-labelledby': id, 'data-testid': testid },
      h(
        'form',
        { method: 'dialog' },
        h('h2', { id }, title),
        h('div', { class: 'dialog-body' }, body),
        h(
          'div',
          { class: 'dialog-actions' },
          actions.map(({ label, value, tone, testid: name }) =>
            h(
              'button',
              // leaving a dialog needs no reason to be given
              { class: `button ${tone ? `button-${tone}` : ''}`, value, formnovalidate: !value, 'data-testid': name },
              label,
            ),
          ),
        ),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * A panel that slides over the page from the side and traps focus while open.
 * @param {string} title
 * @param {Child} body
 * @returns {HTMLDialogElement}
 */
export function drawer(title, body) {
  const id = uid('drawer');
  const dialog = h(
    'dialog',
    { class: 'drawer', 'aria-labelledby': id, 'data-testid': 'drawer' },
    h(
      'header',
      { class: 'drawer-head' },
      h('h2', { id }, title),
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          'aria-label': 'Close',
          'data-testid': 'drawer-close',
          on: { click: () => dialog.close() },
        },
        icon('close'),
      ),
    ),
    h('div', { class: 'drawer-body' }, body),
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const toasts = h('div', { class: 'toasts', role: 'region', 'aria-label': 'Notices', 'data-testid': 'toasts' });
const live = h('div', {
  class: 'visually-hidden',
  role: 'status',
  'aria-live': 'polite',
  'data-testid': 'live-region',
});

/** Puts the toast area and the live region into the page, once. @param {HTMLElement} root */
export function mountMessages(root) {
  root.append(toasts, live);
}

/** Says something to screen readers. @param {string} text */
export function announce(text) {
  live.textContent = text;
}

/** @param {string} text @param {{href?: string, link?: string, tone?: string}} [options] */
export function toast(text, { href, link, tone = 'info' } = {}) {
  const node = h(
    'div',
    { class: `toast toast-${tone}`, 'data-testid': 'toast' },
    h('span', null, text),
    href && h('a', { href }, link),
    h(
      'button',
      { type: 'button', class: 'toast-close', 'aria-label': 'Dismiss', on: { click: () => node.remove() } },
      icon('close', 16),
    ),
  );
  toasts.append(node);
  while (toasts.children.length > 3) toasts.firstElementChild?.remove();
  announce(text);
  window.setTimeout(() => node.remove(), 8000);
}
