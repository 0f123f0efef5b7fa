/** Keyboard shortcuts of the map page, and the list of them. None works while somebody types. */
import { h } from '../../ui/dom.js';
import { ask } from '../../ui/widgets.js';

/** @import {Tool} from '../../engine/drawing.js' */

/** @type {[string, [string, string][]][]} */
const LIST = [
  [
    'Everywhere',
    [
      ['0 – 9', 'Go to a level'],
      ['F', 'Show the whole level'],
      ['Space + drag, middle button', 'Move the map, also while drawing'],
      ['Ctrl + Z, Ctrl + Shift + Z', 'Undo, redo'],
      ['Esc', 'Stop drawing, then leave the form'],
    ],
  ],
  [
    'Drawing',
    [
      ['R, P, C', 'Draw a rectangle, polygon or circle'],
      ['Arrows', 'Move the map under the crosshair by half a metre, with Shift by five'],
      ['Space', 'Set a corner under the crosshair'],
      ['Enter', 'Close the polygon'],
      ['Backspace', 'Take the last corner back'],
      ['Shift', 'Hold it to keep to the mall’s axes and diagonals, or for a square'],
      ['Alt', 'Hold it to keep a corner from snapping to walls'],
    ],
  ],
  [
    'The open zone',
    [
      ['X, A', 'Cut something out, add a part (then R, P or C)'],
      ['M, T', 'Move or turn the whole zone'],
      ['[ and ]', 'Turn it by one degree, with Shift by 15'],
      ['Tab', 'Go from corner to corner'],
      ['Arrows on a corner', 'Nudge it by half a metre, with Shift by five'],
      ['Delete on a corner', 'Remove it; a right click does the same'],
      ['Enter between two corners', 'Add one there'],
    ],
  ],
];

/** Shows the list. */
export function showKeys() {
  return ask({
    title: 'Keyboard shortcuts',
    look: 'dialog-wide',
    body: LIST.map(([title, keys]) => [
      h('h3', null, title),
      h(
        'dl',
        { class: 'keys' },
        keys.map(([key, words]) => [h('dt', null, key), h('dd', null, words)]),
      ),
    ]),
    actions: [{ label: 'Close', value: '', tone: 'primary' }],
  });
}

/**
 * @param {{onLevel: (ordinal: number) => void, onTool: (tool: Tool) => void, onUndo: () => void, onRedo: () => void, onFit: () => void,
 *   onEscape: () => void, onBackspace: () => boolean, onEnter: () => void, onTurn: (degrees: number) => void,
 *   zone: Record<'m' | 't' | 'x' | 'a', () => void>, canEdit: boolean}} actions `zone`: what concerns the open zone
 * @returns {() => void} takes the listener away
 */
export function listenToKeys(actions) {
  /** @type {Record<string, () => void>} */
  const plain = { f: actions.onFit, '?': showKeys, Escape: actions.onEscape, Enter: actions.onEnter };
  /** @type {Record<string, Tool>} */
  const tools = { r: 'Rectangle', p: 'Polygon', c: 'Circle' };
  /** @type {Record<string, number>} counter-clockwise */
  const turns = { '[': 1, ']': -1, '{': 15, '}': -15 };
  /** @type {Record<string, () => void>} */
  const zone = actions.zone;

  /** @param {KeyboardEvent} event */
  function onPlainKey(event) {
    const key = event.key.toLowerCase();
    if (/^[0-9]$/.test(key)) actions.onLevel(Number(key));
    else if (event.key === 'Backspace' && actions.onBackspace()) event.preventDefault();
    else if (actions.canEdit && tools[key]) actions.onTool(tools[key]);
    else if (actions.canEdit && zone[key]) zone[key]();
    else if (actions.canEdit && turns[key]) actions.onTurn(turns[key]);
    else plain[event.key]?.();
    // else the same key would close the question that it has just opened
    if (event.key === 'Escape') event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (document.querySelector('dialog[open]')) return;
    const typing =
      event.target instanceof Element && event.target.closest('input:not([type=checkbox]), textarea, select');
    if (typing) {
      if (event.key === 'Escape') /** @type {HTMLElement} */ (event.target).blur();
      return;
    }
    // AltGr, which makes brackets on many keyboards, comes as Ctrl and Alt together
    if ((event.ctrlKey || event.metaKey) && !turns[event.key]) {
      const key = event.key.toLowerCase();
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      if (key === 'y' || event.shiftKey) actions.onRedo();
      else actions.onUndo();
      return;
    }
    if (!event.altKey || turns[event.key]) onPlainKey(event);
  }
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}
