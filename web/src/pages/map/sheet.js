/**
 * On a narrow screen the panels beside the map become one bottom sheet, chosen by tabs and pulled by its grip to a peek,
 * half or the full height. On a wide screen neither is shown and this does nothing visible.
 */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** Heights in shares of the page. @type {Record<string, number>} */
const HEIGHTS = { peek: 0.24, half: 0.62, full: 0.94 };
const ORDER = ['peek', 'half', 'full'];
const USUAL = 'half';
/** Less than this is a tap. */
const TAP_PX = 6;

/** @param {[string, string, string][]} choices key, words, icon @param {{onHeight?: () => void}} [events] */
export function sheetTabs(choices, { onHeight } = {}) {
  /** @type {HTMLElement | null} */
  let page = null;
  let height = USUAL;
  const buttons = [['', 'Map', 'map'], ...choices].map(([key, words, name]) =>
    h(
      'button',
      {
        type: 'button',
        class: 'tab',
        'aria-pressed': String(key === ''),
        'data-key': key,
        'data-testid': `tab-${key || 'map'}`,
        on: { click: () => open(key) },
      },
      icon(name),
      h('span', null, words),
    ),
  );
  /** @type {HTMLElement[]} */
  const grips = [];

  /** @param {string} key */
  function open(key) {
    page?.setAttribute('data-open', key);
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.key === key));
  }

  /** @param {string} next */
  function setHeight(next) {
    height = next;
    page?.style.setProperty('--sheet', `${HEIGHTS[next] * 100}%`);
    for (const grip of grips) grip.setAttribute('aria-label', `Height of the panel: ${next}`);
    onHeight?.();
  }

  /** @param {number} by */
  const step = (by) => setHeight(ORDER[Math.max(0, Math.min(ORDER.length - 1, ORDER.indexOf(height) + by))]);

  /** The bar at the top of a sheet that pulls it up and down; tapped, it goes to the next height. */
  function grip() {
    let from = 0;
    /** @type {number | null} the share of the page while it is pulled */
    let pulled = null;
    const node = h(
      'button',
      {
        type: 'button',
        class: 'sheet-grip',
        'data-testid': 'sheet-grip',
        on: { pointerdown, pointermove, pointerup, keydown, click },
      },
      h('span', null),
    );
    /** @param {PointerEvent} event */
    function pointerdown(event) {
      from = event.clientY;
      pulled = null;
      node.setPointerCapture(event.pointerId);
    }
    /** @param {PointerEvent} event */
    function pointermove(event) {
      if (!page || !node.hasPointerCapture(event.pointerId) || Math.abs(event.clientY - from) < TAP_PX) return;
      const { height: whole } = page.getBoundingClientRect();
      pulled = Math.max(0, Math.min(1, HEIGHTS[height] + (from - event.clientY) / whole));
      page.style.setProperty('--sheet', `${pulled * 100}%`);
    }
    function pointerup() {
      if (pulled === null) return;
      const to = pulled;
      // pulled well below the peek: away with it
      if (to < HEIGHTS.peek / 2) {
        setHeight(USUAL);
        open('');
      } else setHeight(ORDER.reduce((a, b) => (Math.abs(HEIGHTS[b] - to) < Math.abs(HEIGHTS[a] - to) ? b : a)));
    }
    /** @param {KeyboardEvent} event */
    function keydown(event) {
      if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
      event.preventDefault();
      step(event.key === 'ArrowUp' ? 1 : -1);
    }
    function click() {
      if (pulled === null) setHeight(ORDER[(ORDER.indexOf(height) + 1) % ORDER.length]);
      pulled = null;
    }
    grips.push(node);
    return node;
  }

  return {
    node: h('nav', { class: 'tabs', 'aria-label': 'Map panels' }, buttons),
    grip,
    /** @param {HTMLElement} node */
    control(node) {
      page = node;
      setHeight(USUAL);
      open('');
    },
    /** @param {string} key @param {string} [to] height */
    open(key, to) {
      open(key);
      if (to) setHeight(to);
    },
    close: () => open(''),
  };
}
