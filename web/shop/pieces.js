/** What all tabs show alike: waiting, and an answer that was none. */

import { h } from '../src/ui/dom.js';
import { has, t } from './words.js';

/** @import {Answer} from '../till/types' */

export const waiting = () => h('p', { class: 'soft', 'data-testid': 'loading' }, t('loading'));

/** Names one wish, so that a second tap on a slow line does nothing twice. Works without https too, at home. */
export const key = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * Why there is nothing to show, and a way on. @param {Answer} answer not `done` @param {() => void} again
 */
export function trouble(answer, again) {
  if (answer.is === 'ended')
    return h(
      'div',
      { class: 'card', 'data-testid': 'nothing' },
      h('p', null, t('log.in.first')),
      h('a', { class: 'button', href: '/login?next=%2Fshop%2F', 'data-testid': 'log-in' }, t('log.in')),
    );
  return h(
    'div',
    { class: 'card', 'data-testid': 'nothing', role: 'alert' },
    h('p', null, complaint(answer)),
    h('button', { type: 'button', on: { click: again } }, t('again')),
  );
}

/** In words of the page's language, where it has some. @param {Answer} answer */
export function complaint(answer) {
  if (answer.is !== 'refused') return t('offline');
  for (const key of [`reason.${answer.reason}`, `why.${answer.reason}`, `stop.${answer.reason}`])
    if (answer.reason && has(key)) return t(key);
  return answer.reason === 'nobody' ? t('people.none') : answer.detail || t('failed');
}
