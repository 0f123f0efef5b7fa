/** The frame around a zone's form: name, state, tools for the shape, and Save / Publish / Cancel with the sign of unsaved changes. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { pill } from '../../ui/widgets.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Mode} from '../../engine/editor.js' */
/** @import {Shape, Zone} from '../../types' */

/** @type {Record<string, [string, string]>} */
const STATUS = {
  draft: ['draft', 'quiet'],
  published: ['published', 'ok'],
  changed: ['edited, not published', 'warn'],
};
/** @typedef {'publish' | 'save' | 'cancel' | 'back' | 'unpublish' | 'remove' | 'duplicate' | 'copy' | 'cut' | 'part'} Action */

/**
 * @param {HTMLElement} root
 * @param {boolean} canEdit
 * @param {Record<Action, () => void> & {mode: (mode: Mode) => void}} actions
 */
export function makeEditPanel(root, canEdit, actions) {
  const heading = h('h2', null);
  const state = h('span', null);
  const unsaved = h('span', { class: 'unsaved', 'data-testid': 'unsaved', role: 'status' });
  const publish = button('publish', 'button-primary', actions.publish, 'Publish');
  const save = button('save', '', actions.save, 'Save');
  const cancel = button('cancel', 'button-quiet', actions.cancel, 'Cancel');
  const unpublish = button('unpublish', 'button-small', actions.unpublish, 'Unpublish');
  const remove = button('delete', 'button-small button-danger', actions.remove, [icon('trash', 16), 'Delete']);
  const duplicate = button('duplicate', 'button-small', actions.duplicate, [icon('copy', 16), 'Duplicate']);
  const copy = button('copy-levels', 'button-small', actions.copy, [icon('levels', 16), 'Copy to floors…']);
  const move = tool('move', 'Move', 'M', () => actions.mode('move'), 'Move the zone');
  const turn = tool('rotate', 'Turn', 'T', () => actions.mode('rotate'), 'Turn the zone');
  const cut = tool('cut', 'Cut', 'X', actions.cut, 'Cut something out');
  const part = tool('part', 'Add', 'A', actions.part, 'Add a part');
  const campaign = h(
    'a',
    { class: 'button button-small', 'data-testid': 'campaign-for-zone' },
    icon('campaigns', 16),
    'New campaign here',
  );
  const notes = h('div', { class: 'foot-notes' }, unsaved);
  const back = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-label': 'Back to the list of zones',
      'data-testid': 'form-back',
      on: { click: actions.back },
    },
    icon('back'),
  );
  // outlives the forms
  const extras = h('div', { class: 'form-extras', 'data-testid': 'form-extras' });

  return {
    /** Further panels below the form, in this order. @param {HTMLElement[]} nodes */
    mount: (nodes) => extras.append(...nodes),
    /** Short notes above Save and Publish, always in sight. */
    notes,
    /** @param {HTMLFormElement} form @param {Zone | null} zone */
    show(form, zone) {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        actions.save();
      });
      if (zone) campaign.href = `/campaigns?new=1&zone=${zone.id}`;
      const buttons = h('div', { class: 'foot-buttons' }, cancel, save, publish);
      fill(
        root,
        h('div', { class: 'panel-head' }, back, heading, state),
        h(
          'div',
          { class: 'panel-scroll', tabindex: canEdit ? null : 0 },
          canEdit &&
            h('div', { class: 'tool-row shape-row', role: 'group', 'aria-label': 'Shape' }, move, turn, cut, part),
          form,
          extras,
          canEdit && zone && h('div', { class: 'tool-row tool-row-end' }, campaign, duplicate, copy, unpublish, remove),
        ),
        canEdit && h('div', { class: 'panel-foot' }, notes, buttons),
      );
    },
    /** @param {{zone: Zone | null, shape: Shape | null, isDirty: boolean, isBusy: boolean, mode: Mode}} now */
    update({ zone, shape, isDirty, isBusy, mode }) {
      const mark = isDirty && canEdit;
      fill(
        heading,
        mark && h('span', { class: 'unsaved-dot', 'aria-hidden': 'true' }, '● '),
        zone ? zone.properties.name : 'New zone',
      );
      const [words, tone] = STATUS[zone?.properties.status ?? 'draft'];
      fill(state, pill(words, tone));
      if (unsaved.textContent !== (mark ? 'Unsaved changes' : '')) fill(unsaved, mark ? 'Unsaved changes' : null);
      publish.disabled = isBusy || !shape || (!isDirty && zone?.properties.status === 'published');
      save.disabled = isBusy || !shape || !isDirty;
      fill(cancel, isDirty ? 'Cancel' : 'Close');
      unpublish.hidden = !zone || zone.properties.published_version === null;
      move.setAttribute('aria-pressed', String(mode === 'move'));
      turn.setAttribute('aria-pressed', String(mode === 'rotate'));
      for (const node of [move, cut, part]) node.disabled = !shape;
      // a turned circle is the same circle
      turn.disabled = !shape || shape.type === 'Point';
    },
    clear: () => fill(root),
  };
}

/** @param {string} testid @param {string} look @param {() => void} act @param {Child} text */
const button = (testid, look, act, text) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click: act } }, text);

/** @param {string} testid @param {string} word @param {string} key @param {() => void} act @param {string} title */
function tool(testid, word, key, act, title) {
  const node = button(testid, 'button-small', act, [icon(testid, 16), word]);
  node.title = `${title} (${key})`;
  return node;
}
