/**
 * A button that opens a short list of actions. The list is a native popover: it lies above everything, is never cut by a
 * scrolling parent, and closes by itself on Escape or a click elsewhere.
 */
import { fill, h, uid } from './dom.js';
import { icon } from './icons.js';

/** @import {Child} from './dom.js' */
/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {() => void} act
 * @property {string} [icon]
 * @property {string} [testid]
 * @property {'danger'} [tone]
 * @property {boolean} [disabled]
 */

const GAP_PX = 4;

/**
 * @param {{label: string, content: Child, class?: string, testid?: string, key?: string, items: () => MenuItem[]}} options
 *   `items` is asked each time the menu opens; `label` names the button and the list; `key` finds the button again
 */
export function menuButton({ label, content, class: look = 'icon-button', testid, key, items }) {
  const id = uid('menu');
  const list = h('div', { id, class: 'menu', popover: 'auto', role: 'menu', 'aria-label': label, on: { keydown } });
  const button = h(
    'button',
    {
      type: 'button',
      class: look,
      'aria-label': label,
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      title: label,
      'data-testid': testid,
      'data-key': key,
      on: { click: () => (list.matches(':popover-open') ? list.hidePopover() : open()) },
    },
    content,
  );
  list.addEventListener('toggle', (event) => {
    const isOpen = /** @type {ToggleEvent} */ (event).newState === 'open';
    button.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) fill(list);
  });

  function open() {
    fill(list, items().map(line));
    list.showPopover();
    place();
    move(0);
  }

  /** Below the button, inside the window. */
  function place() {
    const at = button.getBoundingClientRect();
    const { width, height } = list.getBoundingClientRect();
    const below = at.bottom + GAP_PX;
    const top = below + height <= window.innerHeight ? below : Math.max(GAP_PX, at.top - GAP_PX - height);
    list.style.setProperty('top', `${top}px`);
    list.style.setProperty('left', `${Math.max(GAP_PX, Math.min(at.left, window.innerWidth - width - GAP_PX))}px`);
  }

  /** @param {MenuItem} item */
  function line({ label: words, act, icon: name, testid: id, tone, disabled }) {
    const click = () => {
      list.hidePopover();
      button.focus();
      act();
    };
    return h(
      'button',
      {
        type: 'button',
        role: 'menuitem',
        tabindex: -1,
        class: `menu-item ${tone === 'danger' ? 'menu-danger' : ''}`,
        disabled,
        'data-testid': id,
        on: { click },
      },
      name && icon(name, 18),
      h('span', null, words),
    );
  }

  /** @param {number} index */
  function move(index) {
    const lines = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('.menu-item:not(:disabled)')]);
    lines[(index + lines.length) % lines.length]?.focus();
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    const lines = [...list.querySelectorAll('.menu-item:not(:disabled)')];
    const at = lines.indexOf(/** @type {Element} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') list.hidePopover();
    event.stopPropagation();
    if (next === undefined) return;
    event.preventDefault();
    move(next);
  }

  return h('span', { class: 'menu-holder' }, button, list);
}
