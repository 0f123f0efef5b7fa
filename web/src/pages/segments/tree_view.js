/**
 * The builder: a definition as groups of rows. It holds the tree; every change of its shape draws it anew and puts the
 * focus back to where it was, while typing in a field only changes the tree.
 */
import { makeHistory } from '../../history.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { groupView } from './group_view.js';
import { gapOf, sameParts } from './kinds/index.js';
import { added, at, bare, depth, leaves, MOST_CONDITIONS, MOST_DEPTH, negated, replaced, size } from './tree.js';

/** @import {Condition, Group, Path} from './tree.js' */
/** @import {World} from './world.js' */
/**
 * What groups and rows may do. `focus` is the key of the control that has it afterwards.
 * @typedef {object} Editor
 * @property {World} world
 * @property {() => Group} root
 * @property {HTMLElement[]} steps undo and redo
 * @property {(next: Group, focus: string) => void} change takes another tree and draws it
 * @property {(path: Path, edit: (condition: Condition) => Condition, focus: string) => void} edit changes one condition and draws
 * @property {(path: Path, edit: (condition: Condition) => Condition) => void} type changes one whose field shows it already
 * @property {(path: Path, focus: string) => void} negate
 * @property {(path: Path, condition: Condition) => void} add into the group at that path
 */

/**
 * @param {{root: Group, world: World, onChange: () => void, announce: (text: string) => void}} options
 */
export function treeView({ root: first, world, onChange, announce }) {
  let root = first;
  const history = makeHistory(root);
  const place = h('div', { class: 'tree', on: { keydown } });
  const undo = step('Undo', 'undo');
  const redo = step('Redo', 'redo');

  /** @type {Editor} */
  const editor = {
    world,
    root: () => root,
    steps: [undo, redo],
    change: (next, focus) => change(next, () => focusKey(focus)),
    edit(path, edit, focus) {
      const was = bare(at(root, path)).inner;
      const next = edited(path, edit);
      // a list that is searched by typing keeps its focus: only what looks otherwise is drawn anew
      const key = focus.slice(focus.indexOf(':') + 1);
      if (sameParts(was, bare(at(next, path)).inner, key, editor.world)) remember(next);
      else change(next, () => focusKey(focus));
    },
    type(path, edit) {
      root = edited(path, edit);
      showComplaints(new Map());
      onChange();
    },
    negate: (path, focus) => change(negated(root, path), () => focusKey(focus)),
    add(path, condition) {
      const next = added(root, path, condition);
      const last = /** @type {Group} */ (bare(at(next, path)).inner).of.length - 1;
      change(next, () => focusRow([...path, last].join('.')));
    },
  };

  /** @param {Path} path @param {(condition: Condition) => Condition} edit */
  const edited = (path, edit) => replaced(root, path, edit(bare(at(root, path)).inner));

  /** @param {Group} next @param {() => void} focus */
  function change(next, focus) {
    if (size(next) > MOST_CONDITIONS && size(next) > size(root))
      return announce(`At most ${MOST_CONDITIONS} conditions.`);
    if (depth(next) > MOST_DEPTH && depth(next) > depth(root)) return announce(`Groups go at most ${MOST_DEPTH} deep.`);
    remember(next);
    draw();
    focus();
  }

  /** @param {Group} next */
  function remember(next) {
    history.push(root); // what was typed since the last step
    root = next;
    history.push(root);
    showComplaints(new Map());
    showSteps();
    onChange();
  }

  function draw() {
    fill(place, groupView(editor, root, []));
    showSteps();
  }

  function showSteps() {
    undo.disabled = !history.canUndo();
    redo.disabled = !history.canRedo();
  }

  /** @param {string} key */
  function focusKey(key) {
    /** @type {HTMLElement | null} */ (place.querySelector(`[data-key="${CSS.escape(key)}"]`))?.focus();
  }

  /** Into the row's first control that is still open, else its first one. @param {string} path with dots */
  function focusRow(path) {
    const row = place.querySelector(`[data-row="${path}"]`);
    const fields = [...(row?.querySelectorAll('.condition-parts [data-key]') ?? [])];
    const open = fields.find((one) => one.matches('.part-open') || (one instanceof HTMLInputElement && !one.value));
    /** @type {HTMLElement | undefined} */ (open ?? fields[0])?.focus();
  }

  /** @param {string} label @param {'undo' | 'redo'} which */
  function step(label, which) {
    return h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label,
        title: label,
        'data-key': `:${which}`,
        'data-testid': which,
        on: { click: () => go(which) },
      },
      icon(which),
    );
  }

  /** @param {'undo' | 'redo'} which */
  function go(which) {
    history.push(root);
    root = which === 'undo' ? history.undo() : history.redo();
    draw();
    focusKey(`:${which}`);
    onChange();
  }

  /** Ctrl+Z and Ctrl+Y, where no field has an undo of its own. @param {KeyboardEvent} event */
  function keydown(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
    const key = event.key.toLowerCase();
    const isRedo = key === 'y' || (key === 'z' && event.shiftKey);
    if (!isRedo && key !== 'z') return;
    event.preventDefault();
    go(isRedo ? 'redo' : 'undo');
  }

  /** @param {Map<string, string>} byPath path with dots to what is wrong */
  function showComplaints(byPath) {
    for (const node of place.querySelectorAll('[data-complaint]'))
      fill(node, byPath.get(/** @type {HTMLElement} */ (node).dataset.complaint ?? '') ?? null);
  }

  draw();
  return {
    node: place,
    root: () => root,
    showComplaints,
    focusRow,
    /** What is not filled in yet: the row's path and its control. */
    gaps: () =>
      leaves(root).flatMap(({ path, leaf }) => {
        const open = gapOf(leaf, editor.world);
        return open ? [{ path: path.join('.'), words: open }] : [];
      }),
    /** @param {World} next */
    setWorld(next) {
      editor.world = next;
      draw();
    },
    /** @param {Group} next */
    replace: (next) => change(next, () => {}),
  };
}
