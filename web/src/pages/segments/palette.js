/** The button "Add a condition" and what it opens: every kind of condition, by what it is about. */
import { fill, h, uid } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { familiesFor, KINDS } from './kinds/index.js';

const GAP_PX = 4;

/** @param {{key: string, storeId: string | null, onPick: (kind: string) => void}} options */
export function palette({ key, storeId, onPick }) {
  const id = uid('palette');
  const panel = h('div', {
    id,
    class: 'palette',
    popover: 'auto',
    role: 'menu',
    'aria-label': 'Conditions',
    'data-testid': 'palette',
    on: { keydown },
  });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      'data-key': key,
      'data-testid': 'add-condition',
      on: { click: () => (panel.matches(':popover-open') ? panel.hidePopover() : open()) },
    },
    icon('plus', 16),
    'Add a condition',
  );
  panel.addEventListener('toggle', (event) => {
    const isOpen = /** @type {ToggleEvent} */ (event).newState === 'open';
    button.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) fill(panel);
  });

  function open() {
    fill(panel, h('div', { class: 'palette-families', role: 'none' }, familiesFor(storeId).map(family)));
    panel.showPopover();
    place();
    lines()[0]?.focus();
  }

  /** Below the button, inside the window. */
  function place() {
    const at = button.getBoundingClientRect();
    const { width, height } = panel.getBoundingClientRect();
    const below = at.bottom + GAP_PX;
    const top = below + height <= window.innerHeight ? below : Math.max(GAP_PX, window.innerHeight - height - GAP_PX);
    panel.style.setProperty('top', `${top}px`);
    panel.style.setProperty('left', `${Math.max(GAP_PX, Math.min(at.left, window.innerWidth - width - GAP_PX))}px`);
  }

  /** @param {[string, string[]]} family */
  function family([title, kinds]) {
    const titleId = uid('family');
    return h(
      'div',
      { class: 'palette-family', role: 'group', 'aria-labelledby': titleId },
      h('p', { id: titleId, class: 'palette-title' }, title),
      kinds.map((kind) =>
        h(
          'button',
          {
            type: 'button',
            role: 'menuitem',
            tabindex: -1,
            class: 'palette-item',
            'data-testid': `kind-${kind}`,
            on: { click: () => pick(kind) },
          },
          h('strong', null, KINDS[kind].title),
          h('span', null, KINDS[kind].about),
        ),
      ),
    );
  }

  /** @param {string} kind */
  function pick(kind) {
    panel.hidePopover();
    onPick(kind);
  }

  const lines = () => /** @type {HTMLElement[]} */ ([...panel.querySelectorAll('.palette-item')]);

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    const all = lines();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') panel.hidePopover();
    event.stopPropagation();
    if (next === undefined) return;
    event.preventDefault();
    all[(next + all.length) % all.length]?.focus();
  }

  return h('span', { class: 'menu-holder' }, button, panel);
}
