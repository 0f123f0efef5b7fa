/** The row over the map: levels, drawing tools, undo and redo. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';

/** @import {Level} from '../../types' */
/** @import {Purpose, Tool} from '../../engine/drawing.js' */

/** @type {[Tool, string, string][]} */
const TOOLS = [
  ['Rectangle', 'rectangle', 'R'],
  ['Polygon', 'polygon', 'P'],
  ['Circle', 'circle', 'C'],
];

/** @type {Record<Purpose, string>} */
const PURPOSES = { new: 'Draw zone', cut: 'Cut out', part: 'Add part' };

/**
 * @param {{canEdit: boolean, onLevel: (ordinal: number) => void, onTool: (tool: Tool | null) => void, onUndo: () => void,
 *   onRedo: () => void, onFit: () => void, onKeys: () => void}} options
 */
export function makeToolbar({ canEdit, onLevel, onTool, onUndo, onRedo, onFit, onKeys }) {
  const levels = h('div', { class: 'segments', role: 'group', 'aria-label': 'Level' });
  const undo = button('undo', 'Undo', 'Ctrl+Z', onUndo);
  const redo = button('redo', 'Redo', 'Ctrl+Shift+Z', onRedo);
  const tools = TOOLS.map(([tool, name, key]) => ({
    tool,
    node: h(
      'button',
      {
        type: 'button',
        class: 'button tool',
        'aria-pressed': 'false',
        'aria-label': `Draw a zone: ${name}`,
        title: `Draw a zone: ${name} (${key})`,
        'data-testid': `draw-${name}`,
        on: {
          click: () =>
            onTool(
              tools.find((item) => item.tool === tool)?.node.getAttribute('aria-pressed') === 'true' ? null : tool,
            ),
        },
      },
      icon(name),
      h('span', { class: 'tool-name' }, tool),
    ),
  }));

  /** @param {string} name @param {string} label @param {string} keys @param {() => void} act */
  function button(name, label, keys, act) {
    return h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label,
        title: `${label} (${keys})`,
        'data-testid': name,
        on: { click: act },
      },
      icon(name),
    );
  }

  const title = h('span', { class: 'tools-title', 'aria-hidden': 'true' }, 'Draw zone');
  const drawing = h(
    'div',
    { class: 'tools', role: 'group', 'aria-label': 'Draw a zone' },
    title,
    tools.map(({ node }) => node),
  );
  /** @type {import('../../ui/menu.js').MenuItem[]} */
  const moreItems = [];
  const more = menuButton({
    label: 'More for this mall',
    content: icon('more'),
    testid: 'more',
    items: () => moreItems,
  });
  more.hidden = true;
  return {
    /** Entries that other modules add, beside the mall's name. */
    more: {
      node: more,
      /** @param {import('../../ui/menu.js').MenuItem} item */
      add(item) {
        moreItems.push(item);
        more.hidden = false;
      },
    },
    node: h(
      'div',
      { class: 'toolbar', role: 'toolbar', 'aria-label': 'Map' },
      levels,
      canEdit && drawing,
      h(
        'div',
        { class: 'tools-end' },
        canEdit && undo,
        canEdit && redo,
        button('fit', 'Show the whole level', 'F', onFit),
        button('keyboard', 'Keyboard shortcuts', '?', onKeys),
      ),
    ),
    /** @param {Level[]} all @param {number} current */
    setLevels(all, current) {
      fill(
        levels,
        // the ground floor first, then upwards, basements last
        [...all]
          .sort((a, b) => rank(a) - rank(b))
          .map(({ properties: { ordinal, name, short_name } }) =>
            h(
              'button',
              {
                type: 'button',
                class: 'segment',
                'aria-pressed': String(ordinal === current),
                title: `${name} (${ordinal >= 0 ? ordinal : 'no key'})`,
                'data-testid': `level-${ordinal}`,
                on: { click: () => onLevel(ordinal) },
              },
              short_name,
              h('span', { class: 'visually-hidden' }, `, ${name}`),
            ),
          ),
      );
    },
    /** @param {Tool | null} current @param {Purpose} [purpose] */
    setTool(current, purpose = 'new') {
      fill(title, PURPOSES[purpose]);
      drawing.classList.toggle('tools-cut', purpose === 'cut');
      for (const { tool, node } of tools) node.setAttribute('aria-pressed', String(tool === current));
    },
    /** @param {boolean} canUndo @param {boolean} canRedo */
    setHistory(canUndo, canRedo) {
      undo.disabled = !canUndo;
      redo.disabled = !canRedo;
    },
  };
}

/** @param {Level} level */
const rank = ({ properties: { ordinal } }) => (ordinal >= 0 ? ordinal : 1000 - ordinal);
