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

/**
 * The filters above a list; `apply` when one changes. Enter is a change and then a submission: the page that a change
 * opens comes after both, for the browser complains of a form that is gone when it is submitted.
 * @param {{node: HTMLElement}[]} fields @param {() => void} apply
 */
export function filterForm(fields, apply) {
  let due = 0;
  /** @param {Event} event */
  function changed(event) {
    event.preventDefault();
    window.clearTimeout(due);
    due = window.setTimeout(apply);
  }
  return h(
    'form',
    { class: 'filters', 'aria-label': 'Filter', on: { submit: changed, change: changed } },
    fields.map((one) => one.node),
    h('button', { class: 'visually-hidden' }, 'Apply'),
  );
}
