/**
 * The page "People": search by anything, and by the address one person's screen (`/people/{id}`). For operators who may
 * see people: support and owners, and shops their own customers. What was typed is no part of the address: addresses
 * stay in histories and logs.
 */
import { fill, h } from '../../ui/dom.js';
import { empty } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { askReason } from './access.js';
import { searchView } from './search.js';

/** @type {import('../../types').Page} */
export function peoplePage(root, context) {
  const abort = new AbortController();
  const place = h('div', { class: 'page' });
  fill(root, place);
  const id = window.location.pathname.split('/')[2];
  if (!may(context.me, 'customers')) {
    const words = `Who the customers of ${context.me.tenant.name} are is for its owners and its support. Ask an owner for the role you need.`;
    fill(place, h('header', { class: 'page-head' }, h('h1', null, 'People')), empty('Only for support', words));
  } else if (id) {
    askReason(place, { context, id, signal: abort.signal });
  } else {
    searchView(place, { context, signal: abort.signal });
  }
  return () => abort.abort();
}
