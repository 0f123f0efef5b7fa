/** Choosing several zones of the list, and what can be done with all of them at once. */
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { ask } from '../../ui/widgets.js';

/** @import {Zone} from '../../types' */
/** @import {ZoneActions} from './zone_list.js' */

/** @param {{actions: ZoneActions, onChange: () => void, shown: () => Zone[]}} options `shown` are the zones of the list */
export function selectionBar({ actions, onChange, shown }) {
  /** Ids of those that are ticked; null while nothing is chosen from. @type {Set<string> | null} */
  let chosen = null;
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button button-small button-quiet',
      'data-key': 'select',
      'data-testid': 'select-zones',
      on: { click: () => turn(chosen === null) },
    },
    'Select',
  );
  const bar = h('div', { class: 'selection', 'data-testid': 'selection', hidden: true });

  /** @param {boolean} isOn */
  function turn(isOn) {
    chosen = isOn ? new Set() : null;
    onChange();
  }

  const zones = () => shown().filter((zone) => chosen?.has(zone.id));

  async function tag() {
    const field = textField('Tag', { maxlength: 60, required: true }, { testid: 'tag-name' });
    const answer = await ask({
      title: `Tag ${zones().length} zones`,
      body: field.node,
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Add the tag', value: 'tag', tone: 'primary', testid: 'tag-do' },
      ],
    });
    const word = field.input.value.trim();
    if (answer && word) await actions.addTag(zones(), word);
  }

  /** @param {string} key @param {string} words @param {() => Promise<unknown>} act @param {string} [look] */
  function action(key, words, act, look = '') {
    const click = async () => {
      await act();
      turn(false);
      button.focus();
    };
    const attrs = {
      type: 'button',
      class: `button button-small ${look}`,
      disabled: !chosen?.size,
      'data-key': `all-${key}`,
    };
    return h('button', { ...attrs, 'data-testid': `all-${key}`, on: { click } }, words);
  }

  function selectAll() {
    chosen = new Set(chosen?.size === shown().length ? [] : shown().map((zone) => zone.id));
    onChange();
  }

  return {
    button,
    bar,
    isOn: () => chosen !== null,
    update() {
      fill(button, chosen ? 'Done' : 'Select');
      bar.hidden = chosen === null;
      if (!chosen) return;
      const all = { type: 'button', class: 'link', 'data-key': 'all', on: { click: selectAll } };
      fill(
        bar,
        h('p', { role: 'status' }, `${chosen.size} chosen `, h('button', all, 'All or none')),
        h(
          'div',
          { class: 'tool-row' },
          action('publish', 'Publish', () => actions.publish(zones(), true)),
          action('unpublish', 'Unpublish', () => actions.publish(zones(), false)),
          action('tag', 'Tag…', tag),
          action('delete', 'Delete', () => actions.remove(zones()), 'button-danger'),
        ),
      );
    },
    /** @param {Zone} zone */
    box(zone) {
      const box = h('input', {
        type: 'checkbox',
        checked: chosen?.has(zone.id),
        'aria-label': `Choose ${zone.properties.name}`,
        'data-key': `choose-${zone.id}`,
        'data-testid': 'zone-choose',
      });
      box.addEventListener('change', () => {
        if (box.checked) chosen?.add(zone.id);
        else chosen?.delete(zone.id);
        onChange();
      });
      return h('label', { class: 'choose' }, box);
    },
  };
}
