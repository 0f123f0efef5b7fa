/** A group of conditions in the builder: how they are joined, its rows, what can be added; and what one does with a row. */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { conditionRow, notButton } from './condition_row.js';
import { KINDS, titleOf } from './kinds/index.js';
import { palette } from './palette.js';
import { presetsFor } from './presets.js';
import { added, at, bare, grouped, isGroup, joined, removed, ungrouped } from './tree.js';

/** @import {Editor} from './tree_view.js' */
/** @import {Condition, Group, Path} from './tree.js' */
/** @import {MenuItem} from '../../ui/menu.js' */

/** The key of a group's "Add a condition". @param {Path} path of the group */
const addKey = (path) => `${path.join('.')}:add`;
/** @param {Path} path */
const outer = (path) => path.slice(0, -1);

/** @param {Editor} editor @param {Condition} node @param {Path} path @returns {HTMLElement} */
export function groupView(editor, node, path) {
  const { isNot, inner } = bare(node);
  const { kind, of } = /** @type {Group} */ (inner);
  const isRoot = path.length === 0;
  const said = kind === 'all' ? 'all of these hold' : 'at least one of these holds';
  return h(
    'div',
    {
      class: `condition-group ${isRoot ? '' : 'condition-nested'}`,
      role: 'group',
      'aria-label': `${isNot ? 'Not: ' : ''}${said}`,
      'data-testid': 'group',
    },
    h(
      'div',
      { class: 'group-head' },
      !isRoot && notButton(editor, path, isNot),
      joinButtons(editor, kind, path),
      isRoot
        ? h('span', { class: 'group-tools' }, editor.steps)
        : tools(editor, path, 'this group', groupActions(editor, path)),
    ),
    of.length > 0 &&
      h(
        'ul',
        { class: 'condition-list' },
        of.map((child, i) => childView(editor, child, [...path, i], kind)),
      ),
    isRoot && of.length === 0 && nothingYet(),
    h('div', { class: 'group-foot' }, isRoot && presetChips(editor), adding(editor, path)),
  );
}

/**
 * @param {Editor} editor @param {Condition} child @param {Path} path @param {'all' | 'any'} kind of the group around it
 * @returns {HTMLElement}
 */
function childView(editor, child, path, kind) {
  const { inner } = bare(child);
  return h(
    'li',
    null,
    path[path.length - 1] > 0 && h('span', { class: 'join-word' }, kind === 'all' ? 'and' : 'or'),
    isGroup(inner)
      ? groupView(editor, child, path)
      : conditionRow(editor, child, path, tools(editor, path, titleOf(inner), rowActions(editor, path))),
  );
}

/** @param {Editor} editor @param {'all' | 'any'} kind @param {Path} path */
function joinButtons(editor, kind, path) {
  /** @type {['all' | 'any', string][]} */
  const ways = [
    ['all', 'All hold'],
    ['any', 'Any holds'],
  ];
  return h(
    'span',
    { class: 'join-buttons', role: 'group', 'aria-label': 'How the conditions are joined' },
    ways.map(([value, said]) => {
      const key = `${path.join('.')}:join.${value}`;
      return h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(value === kind),
          'data-key': key,
          'data-testid': `join-${value}`,
          on: { click: () => editor.change(joined(editor.root(), path, value), key) },
        },
        said,
      );
    }),
  );
}

/** @param {Editor} editor @param {Path} path @param {string} what @param {MenuItem[]} items */
function tools(editor, path, what, items) {
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
        on: { click: () => editor.change(removed(editor.root(), path), addKey(outer(path))) },
      },
      icon('close'),
    ),
  );
}

/** @param {Editor} editor @param {Path} path @returns {MenuItem} */
const onceMore = (editor, path) => ({
  label: 'Once more',
  icon: 'copy',
  testid: 'duplicate',
  act: () => editor.add(outer(path), structuredClone(at(editor.root(), path))),
});

/** @param {Editor} editor @param {Path} path @returns {MenuItem[]} */
const rowActions = (editor, path) => [
  onceMore(editor, path),
  {
    label: 'Put into a group',
    icon: 'levels',
    testid: 'into-group',
    act: () => editor.change(grouped(editor.root(), path), addKey(path)),
  },
];

/** @param {Editor} editor @param {Path} path @returns {MenuItem[]} */
const groupActions = (editor, path) => [
  onceMore(editor, path),
  {
    label: 'Dissolve the group',
    icon: 'levels',
    testid: 'dissolve',
    act: () => editor.change(ungrouped(editor.root(), path), addKey(outer(path))),
  },
];

/** @param {Editor} editor @param {Path} path of the group */
function adding(editor, path) {
  return h(
    'span',
    { class: 'group-adding' },
    palette({
      key: addKey(path),
      storeId: editor.world.storeId,
      onPick: (kind) => editor.add(path, KINDS[kind].start()),
    }),
    h(
      'button',
      {
        type: 'button',
        class: 'button button-small button-quiet',
        'data-testid': 'add-group',
        on: { click: () => addGroup(editor, path) },
      },
      icon('levels', 16),
      'Add a group',
    ),
  );
}

/** A group within means the other word. @param {Editor} editor @param {Path} path of the group around it */
function addGroup(editor, path) {
  const { kind, of } = /** @type {Group} */ (bare(at(editor.root(), path)).inner);
  const next = added(editor.root(), path, { kind: kind === 'all' ? 'any' : 'all', of: [] });
  editor.change(next, addKey([...path, of.length]));
}

/** @param {Editor} editor */
function presetChips(editor) {
  return h(
    'div',
    { class: 'preset-row', role: 'group', 'aria-label': 'Quick conditions' },
    presetsFor(editor.world).map(({ key, words, make }) =>
      h(
        'button',
        {
          type: 'button',
          class: 'preset',
          'data-testid': `preset-${key}`,
          on: { click: () => editor.add([], make(editor.world)) },
        },
        icon('plus', 16),
        words,
      ),
    ),
  );
}

/** What stands where no condition is yet. */
function nothingYet() {
  return h(
    'p',
    { class: 'quiet' },
    'Nothing asked for yet. Choose a quick condition, or add any other; who they find is counted as you go.',
  );
}
