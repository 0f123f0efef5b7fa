/** What the pages "Orders" and "Products" share: the stores are read first, and who may not see either is told so. */
import { getAll } from '../api.js';
import { fill, h } from '../ui/dom.js';
import { empty, whileLoading } from '../ui/widgets.js';
import { may } from '../ui/words.js';

/** @import {Context, Page, Store} from '../types' */
/** @typedef {{context: Context, query: URLSearchParams, stores: Store[], signal: AbortSignal}} Opened */

/**
 * A page of what is sold.
 * @param {string} title
 * @param {(opened: Opened) => HTMLElement[]} list its content
 * @returns {Page}
 */
export function commercePage(title, list) {
  return (root, context, query) => {
    const abort = new AbortController();
    const place = h('div', { class: 'page' });
    fill(root, place);
    if (may(context.me, 'commerce')) {
      whileLoading(
        place,
        () => getAll('/v1/stores', {}, abort.signal),
        (/** @type {Store[]} */ stores) => list({ context, query, stores, signal: abort.signal }),
      );
    } else {
      const words = `${title} are for owners, editors, support and shops. Ask an owner for the role you need.`;
      fill(place, h('header', { class: 'page-head' }, h('h1', null, title)), empty('Not for your role', words));
    }
    return () => abort.abort();
  };
}
