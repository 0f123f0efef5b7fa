/** Keyboard shortcuts of the map page, and the list of them. None works while somebody types. */
import { h } from '../../ui/dom.js';
import { ask } from '../../ui/widgets.js';

/** @import {Tool} from '../../engine/editor.js' */

const LIST = [
  ['0 – 9', 'Go to a level'],
  ['R, P, C', 'Draw a rectangle, polygon or circle'],
  ['Space', 'While drawing: drop a corner in the middle of the map (arrows move the map)'],
  ['Enter', 'While drawing: close the polygon'],
  ['Backspace', 'While drawing: take the last corner back'],
  ['Arrows on a corner', 'Nudge it by half a metre, with Shift by five'],
  ['Delete on a corner', 'Remove it'],
  ['Alt', 'Hold it to keep a corner from snapping to walls'],
  ['Ctrl + Z, Ctrl + Shift + Z', 'Undo, redo'],
  ['F', 'Show the whole level'],
  ['Esc', 'Stop drawing, or leave the form'],
];

/** Shows the list. */
export function showKeys() {
  return ask({
    title: 'Keyboard shortcuts',
    body: h(
      'dl',
      { class: 'keys' },
      LIST.map(([keys, words]) => [h('dt', null, keys), h('dd', null, words)]),
    ),
    actions: [{ label: 'Close', value: '', tone: 'primary' }],
  });
}

/**
 * @param {{onLevel: (ordinal: number) => void, onTool: (tool: Tool) => void, onUndo: () => void, onRedo: () => void, onFit: () => void,
 *   onEscape: () => void, onBackspace: () => boolean, onEnter: () => void, canEdit: boolean}} actions
 * @returns {() => void} takes the listener away
 */
export function listenToKeys(actions) {
  /** @type {Record<string, () => void>} */
  const plain = { f: actions.onFit, '?': showKeys, Escape: actions.onEscape, Enter: actions.onEnter };
  /** @type {Record<string, Tool>} */
  const tools = { r: 'Rectangle', p: 'Polygon', c: 'Circle' };

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (document.querySelector('dialog[open]')) return;
    const typing =
      event.target instanceof Element && event.target.closest('input:not([type=checkbox]), textarea, select');
    if (typing) {
      if (event.key === 'Escape') /** @type {HTMLElement} */ (event.target).blur();
      return;
    }
    if (event.ctrlKey || event.metaKey) {
      const key = event.key.toLowerCase();
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      if (key === 'y' || event.shiftKey) actions.onRedo();
      else actions.onUndo();
      return;
    }
    if (event.altKey) return;
    if (/^[0-9]$/.test(event.key)) actions.onLevel(Number(event.key));
    else if (event.key === 'Backspace' && actions.onBackspace()) event.preventDefault();
    else if (actions.canEdit && tools[event.key.toLowerCase()]) actions.onTool(tools[event.key.toLowerCase()]);
    else plain[event.key]?.();
  }
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}
