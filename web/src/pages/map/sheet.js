/**
 * On a narrow screen the panels beside the map become one bottom sheet, chosen by tabs. On a wide screen the tabs are not
 * shown and this does nothing visible.
 */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @param {[string, string, string][]} choices key, words, icon */
export function sheetTabs(choices) {
  /** @type {HTMLElement | null} */
  let page = null;
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

  /** @param {string} key */
  function open(key) {
    page?.setAttribute('data-open', key);
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.key === key));
  }

  return {
    node: h('nav', { class: 'tabs', 'aria-label': 'Map panels' }, buttons),
    /** @param {HTMLElement} node */
    control(node) {
      page = node;
      open('');
    },
    open,
    close: () => open(''),
  };
}
