/**
 * The builder: a definition as groups of rows. It holds the tree; every change of its shape draws it anew and puts the
 * focus back to where it was, while typing in a field only changes the tree.
 */
import { makeHistory } from '../../history.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { conditionRow, notButton } from './condition_row.js';
import { gapOf, KINDS } from './kinds/index.js';
import { palette } from './palette.js';
import { presetsFor } from './presets.js';
import {
  added,
  at,
  bare,
  grouped,
  isGroup,
  joined,
  leaves,
  MOST_CONDITIONS,
  MOST_DEPTH,
  depth,
  negated,
  removed,
  replaced,
  size,
  ungrouped,
} from './tree.js';

/** @import {Condition, Group, Path} from './tree.js' */
/** @import {World} from './world.js' */
/** @import {MenuItem} from '../../ui/menu.js' */
/**
 * What a row may do.
 * @typedef {object} Editor
 * @property {World} world
 * @property {(path: Path, edit: (condition: Condition) => Condition, focus: string) => void} edit changes a condition and draws anew
 * @property {(path: Path, edit: (condition: Condition) => Condition) => void} type changes a condition whose field shows it already
 * @property {(path: Path, focus: string) => void} negate
 */

/**
 * @param {{root: Group, world: World, onChange: () => void, announce: (text: string) => void}} options
 */
export function treeView({ root: first, world, onChange, announce }) {
  let root = first;
  let current = world;
  const history = makeHistory(root);
  const place = h('div', { class: 'tree', on: { keydown } });
  const undoButton = step('Undo', 'undo', () => history.undo());
  const redoButton = step('Redo', 'redo', () => history.redo());

  /** @type {Editor} */
  const editor = {
    get world() {
      return current;
    },
    edit: (path, edit, focus) => change(replaced(root, path, edit(bare(at(root, path)).inner)), focus),
    type(path, edit) {
      root = replaced(root, path, edit(bare(at(root, path)).inner));
      typed();
    },
    negate: (path, focus) => change(negated(root, path), focus),
  };

  function typed() {
    showComplaints(new Map());
    onChange();
  }

  /** @param {Group} next @param {string | null} focus the control's key */
  function change(next, focus) {
    history.push(root); // what was typed since the last step
    root = next;
    history.push(root);
    draw(focus);
    onChange();
  }

  /** @param {string | null} focus */
  function draw(focus) {
    fill(place, groupView(root, []));
    undoButton.disabled = !history.canUndo();
    redoButton.disabled = !history.canRedo();
    if (focus) /** @type {HTMLElement | null} */ (place.querySelector(`[data-key="${CSS.escape(focus)}"]`))?.focus();
  }

  /** @param {Condition} node @param {Path} path @returns {HTMLElement} */
  function groupView(node, path) {
    const { isNot, inner } = bare(node);
    const { kind, of } = /** @type {Group} */ (inner);
    const isRoot = path.length === 0;
    const said = kind === 'all' ? 'all of these' : 'at least one of these';
    return h(
      'div',
      {
        class: `condition-group ${isRoot ? '' : 'condition-nested'}`,
        role: 'group',
        'aria-label': `${isNot ? 'Not: ' : ''}${isRoot ? 'People of whom' : 'Group:'} ${said} hold`,
        'data-testid': 'group',
      },
      h(
        'div',
        { class: 'group-head' },
        !isRoot && notButton(editor, path, isNot),
        joinButtons(kind, path),
        isRoot && h('span', { class: 'group-tools' }, undoButton, redoButton),
        !isRoot && tools(path, 'this group', groupActions(path)),
      ),
      of.length > 0 &&
        h(
          'ul',
          { class: 'condition-list' },
          of.map((child, i) => childView(child, [...path, i], kind)),
        ),
      isRoot && of.length === 0 && emptyWords(),
      h('div', { class: 'group-foot' }, isRoot && presetChips(), adding(path)),
    );
  }

  /** @param {Condition} child @param {Path} path @param {'all' | 'any'} kind of the group around it @returns {HTMLElement} */
  function childView(child, path, kind) {
    const { inner } = bare(child);
    return h(
      'li',
      null,
      path[path.length - 1] > 0 && h('span', { class: 'join-word' }, kind === 'all' ? 'and' : 'or'),
      isGroup(inner)
        ? groupView(child, path)
        : conditionRow(editor, child, path, tools(path, KINDS[inner.kind]?.title ?? inner.kind, actions(path))),
    );
  }

  /** @param {'all' | 'any'} kind @param {Path} path */
  function joinButtons(kind, path) {
    const key = `${path.join('.')}:join`;
    return h(
      'span',
      { class: 'join-buttons', role: 'group', 'aria-label': 'How the conditions are joined' },
      /** @type {['all' | 'any', string][]} */ ([
        ['all', 'All hold'],
        ['any', 'Any holds'],
      ]).map(([value, said]) =>
        h(
          'button',
          {
            type: 'button',
            'aria-pressed': String(value === kind),
            'data-key': `${key}.${value}`,
            'data-testid': `join-${value}`,
            on: { click: () => change(joined(root, path, value), `${key}.${value}`) },
          },
          said,
        ),
      ),
    );
  }

  /** @param {Path} path @param {string} what @param {MenuItem[]} items */
  function tools(path, what, items) {
    return h(
      'span',
      { class: 'condition-tools' },
      menuButton({
        label: `More for “${what}”`,
        content: icon('more'),
        testid: 'condition-menu',
        key: `${path.join('.')}:menu`,
        items: () => items,
      }),
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          'aria-label': `Remove “${what}”`,
          'data-testid': 'remove',
          on: { click: () => remove(path) },
        },
        icon('close'),
      ),
    );
  }

  /** @param {Path} path */
  function remove(path) {
    change(removed(root, path), `${path.slice(0, -1).join('.')}:add`);
    announce('Removed. Undo brings it back.');
  }

  /** @param {Path} path @returns {MenuItem[]} */
  const actions = (path) => [
    { label: 'Once more', icon: 'copy', testid: 'duplicate', act: () => duplicate(path) },
    {
      label: 'Put into a group',
      icon: 'levels',
      testid: 'into-group',
      act: () => change(grouped(root, path), `${path.join('.')}:add`),
    },
  ];

  /** @param {Path} path @returns {MenuItem[]} */
  const groupActions = (path) => [
    { label: 'Once more', icon: 'copy', testid: 'duplicate', act: () => duplicate(path) },
    {
      label: 'Dissolve the group',
      icon: 'levels',
      testid: 'dissolve',
      act: () => change(ungrouped(root, path), `${path.slice(0, -1).join('.')}:add`),
    },
  ];

  /** @param {Path} path */
  function duplicate(path) {
    const outer = path.slice(0, -1);
    const copy = structuredClone(at(root, path));
    change(added(root, outer, copy), `${outer.join('.')}:add`);
  }

  /** @param {Path} path of the group */
  function adding(path) {
    return h(
      'span',
      { class: 'group-adding' },
      palette({
        key: `${path.join('.')}:add`,
        storeId: current.storeId,
        onPick: (kind) => add(path, KINDS[kind].start()),
      }),
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small button-quiet',
          'data-testid': 'add-group',
          on: { click: () => addGroup(path) },
        },
        icon('levels', 16),
        'Add a group',
      ),
    );
  }

  /** @param {Path} path of the group @param {Condition} condition */
  function add(path, condition) {
    const next = added(root, path, condition);
    if (tooMuch(next)) return;
    const place = [...path, /** @type {Group} */ (bare(at(next, path)).inner).of.length - 1].join('.');
    change(next, null);
    focusFirst(place);
  }

  /** Into the first control that is still open, else the first one. @param {string} at the path, with dots */
  function focusFirst(at) {
    const row = place.querySelector(`[data-row="${at}"]`);
    const open = row?.querySelector('.part-open, input[value=""]') ?? row?.querySelector('.condition-parts [data-key]');
    /** @type {HTMLElement | null | undefined} */ (open)?.focus();
  }

  /** @param {Path} path */
  function addGroup(path) {
    const { kind, of } = /** @type {Group} */ (bare(at(root, path)).inner);
    const next = added(root, path, { kind: kind === 'all' ? 'any' : 'all', of: [] });
    if (!tooMuch(next)) change(next, `${[...path, of.length].join('.')}:add`);
  }

  /** @param {Group} next */
  function tooMuch(next) {
    if (size(next) > MOST_CONDITIONS) announce(`At most ${MOST_CONDITIONS} conditions.`);
    else if (depth(next) > MOST_DEPTH) announce(`Groups go at most ${MOST_DEPTH} deep.`);
    else return false;
    return true;
  }

  function presetChips() {
    return h(
      'div',
      { class: 'preset-row', role: 'group', 'aria-label': 'Quick conditions' },
      presetsFor(current).map(({ key, words, make }) =>
        h(
          'button',
          {
            type: 'button',
            class: 'preset',
            'data-testid': `preset-${key}`,
            on: { click: () => add([], make(current)) },
          },
          icon('plus', 16),
          words,
        ),
      ),
    );
  }

  /** @param {string} label @param {'undo' | 'redo'} which @param {() => Group} go */
  function step(label, which, go) {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label,
        title: label,
        'data-key': `:${which}`,
        'data-testid': which,
        on: { click: () => back(go, `:${which}`) },
      },
      icon(which),
    );
    return button;
  }

  /** @param {() => Group} go @param {string | null} focus */
  function back(go, focus) {
    history.push(root);
    root = go();
    draw(focus);
    onChange();
  }

  /** Ctrl+Z and Ctrl+Y, where no field has an undo of its own. @param {KeyboardEvent} event */
  function keydown(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
    const key = event.key.toLowerCase();
    const isRedo = key === 'y' || (key === 'z' && event.shiftKey);
    if (!isRedo && key !== 'z') return;
    event.preventDefault();
    back(() => (isRedo ? history.redo() : history.undo()), null);
  }

  /** @param {Map<string, string>} byPath path with dots to what is wrong */
  function showComplaints(byPath) {
    for (const node of place.querySelectorAll('[data-complaint]'))
      fill(node, byPath.get(/** @type {HTMLElement} */ (node).dataset.complaint ?? '') ?? null);
  }

  draw(null);
  return {
    node: place,
    root: () => root,
    showComplaints,
    /** What is not filled in yet: the row's path and its control. */
    gaps: () =>
      leaves(root).flatMap(({ path, leaf }) => {
        const open = gapOf(leaf, current);
        return open ? [{ path: path.join('.'), words: open }] : [];
      }),
    /** @param {World} next */
    setWorld(next) {
      current = next;
      draw(null);
    },
    /** @param {Group} next */
    replace: (next) => change(next, null),
    focusRow: focusFirst,
  };
}

/** What stands where no condition is yet. */
function emptyWords() {
  return h(
    'p',
    { class: 'quiet' },
    'Nothing asked for yet. Choose a quick condition, or add any other; who they find is counted as you go.',
  );
}
