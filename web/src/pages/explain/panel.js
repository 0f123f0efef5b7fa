/** The explanation in a panel over the map, so that the map stays as it is underneath. */
import { queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { drawer } from '../../ui/widgets.js';
import { showExplanation } from './view.js';

/** @import {Context} from '../../types' */

/** Looked back from the moment in question: long enough for a visit, short enough to be read. */
export const MINUTES = 5;

/**
 * @param {Context} context
 * @param {{id?: string, pseudonym?: string | null, device_id?: string | null, at?: string, created_at?: string}} asked a
 *   message, or a person now
 */
export function openExplain(context, { id, pseudonym, device_id, at, created_at }) {
  const when = created_at ?? at ?? new Date().toISOString();
  const query = { pseudonym, device_id: pseudonym ? null : device_id, at: when, minutes: MINUTES };
  const abort = new AbortController();
  const body = h('div', null);
  const page = h('a', { class: 'button button-small', href: `/explain${queryString(query)}` }, 'Open as a page');
  const panel = drawer('Why?', [body, h('p', { class: 'drawer-foot' }, page)]);
  panel.classList.add('drawer-explain');
  // a link inside leads to another page: the panel must not stay over it
  panel.addEventListener(
    'click',
    (event) => event.target instanceof Element && event.target.closest('a') && panel.close(),
  );
  panel.addEventListener('close', () => abort.abort());
  if (!pseudonym && !device_id) fill(body, h('p', null, 'This push names no phone, so there is nothing to look up.'));
  else showExplanation(body, query, { messageId: id, signal: abort.signal });
  context.announce('Explanation opened');
}
