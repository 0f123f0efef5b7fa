/**
 * An ordered list of things that are added, moved by buttons and keys (Alt with the arrows), and removed. Moving takes
 * the element itself along, so nothing that was typed into it is lost.
 */
import { h } from '../../../ui/dom.js';
import { icon } from '../../../ui/icons.js';
import { announce } from '../../../ui/widgets.js';

/** @typedef {{node: HTMLElement, title: () => string, tools?: HTMLElement | null, fixed?: boolean}} Item `fixed`: not to be removed */

/**
 * @template {Item} T
 * @param {{label: string, testid: string, items: T[], onChange: () => void}} options
 */
export function orderedList({ label, testid, items: first, onChange }) {
  /** @type {T[]} */
  const items = [];
  /** @type {Map<T, HTMLElement>} */
  const rows = new Map();
  const list = h('ol', { class: 'ordered', 'aria-label': label, 'data-testid': testid });

  /** @param {T} item */
  function row(item) {
    const button = (/** @type {string} */ words, /** @type {number} */ by, /** @type {string} */ look) =>
      h(
        'button',
        {
          type: 'button',
          class: `icon-button ${look}`,
          'aria-label': `${words}: ${item.title()}`,
          title: words,
          'data-testid': by < 0 ? 'move-up' : 'move-down',
          on: {
            click: (/** @type {Event} */ event) => move(item, by, /** @type {HTMLElement} */ (event.currentTarget)),
          },
        },
        icon('back', 18),
      );
    return h(
      'li',
      {
        class: 'ordered-row',
        on: { keydown: (/** @type {KeyboardEvent} */ event) => key(item, event) },
      },
      h(
        'div',
        { class: 'ordered-tools' },
        item.tools,
        button('Move up', -1, 'turn-up'),
        button('Move down', 1, 'turn-down'),
        !item.fixed &&
          h(
            'button',
            {
              type: 'button',
              class: 'icon-button',
              'aria-label': `Remove: ${item.title()}`,
              title: 'Remove',
              'data-testid': 'remove',
              on: { click: () => remove(item) },
            },
            icon('trash', 18),
          ),
      ),
      item.node,
    );
  }

  /** @param {T} item @param {KeyboardEvent} event */
  function key(item, event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !by) return;
    event.preventDefault();
    event.stopPropagation();
    move(item, by, /** @type {HTMLElement} */ (event.target));
  }

  /** @param {T} item @param {number} by @param {HTMLElement} focus */
  function move(item, by, focus) {
    const at = items.indexOf(item);
    const to = at + by;
    if (to < 0 || to >= items.length) return;
    items.splice(at, 1);
    items.splice(to, 0, item);
    const node = /** @type {HTMLElement} */ (rows.get(item));
    const next = items[to + 1];
    list.insertBefore(node, next ? (rows.get(next) ?? null) : null);
    focus.focus();
    // at either end the button that was used is gone: the other one is at hand
    if (document.activeElement !== focus)
      /** @type {HTMLElement | null} */ (node.querySelector(by < 0 ? '.turn-down' : '.turn-up'))?.focus();
    announce(`${item.title()} is number ${to + 1} of ${items.length}`);
    onChange();
  }

  /** @param {T} item */
  function remove(item) {
    const at = items.indexOf(item);
    items.splice(at, 1);
    rows.get(item)?.remove();
    rows.delete(item);
    const near = items[Math.min(at, items.length - 1)];
    if (near) /** @type {HTMLElement | null} */ (rows.get(near)?.querySelector('button'))?.focus();
    announce(`${item.title()} removed`);
    onChange();
  }

  /** @param {T} item */
  function add(item) {
    const node = row(item);
    items.push(item);
    rows.set(item, node);
    list.append(node);
  }

  first.forEach(add);
  return { node: list, items, add, remove };
}
