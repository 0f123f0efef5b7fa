/** The frame around a zone's form: name, state, tools, and Save / Publish / Cancel with the sign of unsaved changes. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { pill } from '../../ui/widgets.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Zone} from '../../types' */

/** @type {Record<string, [string, string]>} */
const STATUS = {
  draft: ['draft', 'quiet'],
  published: ['published', 'ok'],
  changed: ['edited, not published', 'warn'],
};

/**
 * @param {HTMLElement} root
 * @param {boolean} canEdit
 * @param {Record<'publish' | 'save' | 'cancel' | 'back' | 'unpublish' | 'remove' | 'move', () => void>} actions
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
  const move = button('move', 'button-small', actions.move, [icon('move', 16), 'Move']);
  const campaign = h(
    'a',
    { class: 'button button-small', 'data-testid': 'campaign-for-zone' },
    icon('campaigns', 16),
    'New campaign here',
  );
  const extras = h('div', { class: 'form-extras', 'data-testid': 'form-extras' });
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

  return {
    /** Where other modules put their panels; it outlives the form. */
    extras,
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
          canEdit && h('div', { class: 'tool-row' }, move, zone && campaign),
          form,
          extras,
          canEdit && zone && h('div', { class: 'tool-row tool-row-end' }, unpublish, remove),
        ),
        canEdit && h('div', { class: 'panel-foot' }, unsaved, buttons),
      );
    },
    /** @param {{zone: Zone | null, hasShape: boolean, isDirty: boolean, isBusy: boolean, isMoving: boolean}} now */
    update({ zone, hasShape, isDirty, isBusy, isMoving }) {
      fill(heading, zone ? zone.properties.name : 'New zone');
      const [words, tone] = STATUS[zone?.properties.status ?? 'draft'];
      fill(state, pill(words, tone));
      fill(unsaved, isDirty && canEdit ? 'Unsaved changes' : null);
      publish.disabled = isBusy || !hasShape || (!isDirty && zone?.properties.status === 'published');
      save.disabled = isBusy || !hasShape || !isDirty;
      fill(cancel, isDirty ? 'Cancel' : 'Close');
      unpublish.hidden = !zone || zone.properties.published_version === null;
      move.setAttribute('aria-pressed', String(isMoving));
    },
    clear: () => fill(root),
  };
}

/** @param {string} testid @param {string} look @param {() => void} act @param {Child} text */
const button = (testid, look, act, text) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click: act } }, text);
