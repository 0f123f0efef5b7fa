/** How the stores of a master stand, as a bar with a key in words. */
import { h } from '../../ui/dom.js';
import { storesText } from './words.js';

/** @import {Master} from '../../types_marketplace' */

/** @param {Master} master */
export function standingBar(master) {
  const running = master.versions.filter(({ stores }) => stores > 0);
  const counted = running.reduce((sum, { stores }) => sum + stores, 0);
  const rest = Math.max(0, master.stores - counted);
  /** @type {[string, string, number][]} */
  const parts = [
    ...running.map(
      ({ version, stores }) =>
        /** @type {[string, string, number]} */ ([
          partOf(master, version),
          `${stores === 1 ? 'runs' : 'run'} version ${version}`,
          stores,
        ]),
    ),
    ['none', rest === 1 ? 'runs nothing' : 'run nothing', rest],
  ];
  const notes = [
    master.due ? `${storesText(master.due)} still to be set` : '',
    master.problems ? `something is in the way of ${storesText(master.problems)}` : '',
    master.opted_out ? `${storesText(master.opted_out)} ${master.opted_out === 1 ? 'goes' : 'go'} without` : '',
  ].filter(Boolean);
  return h(
    'div',
    { class: 'master-standing', 'data-testid': `standing-${master.id}`, 'aria-live': 'polite' },
    h(
      'div',
      { class: 'master-bar', 'aria-hidden': 'true' },
      parts
        .filter(([, , many]) => many > 0)
        .map(([look, , many]) =>
          h('span', { class: `master-part master-part-${look}`, style: { 'flex-grow': String(many) } }),
        ),
    ),
    h(
      'ul',
      { class: 'master-key' },
      parts
        .filter(([, , many]) => many > 0)
        .map(([look, words, many]) =>
          h(
            'li',
            null,
            h('span', { class: `master-dot master-part-${look}`, 'aria-hidden': 'true' }),
            `${storesText(many)} ${words}`,
          ),
        ),
    ),
    master.due > 0 &&
      h('progress', { max: master.stores, value: master.stores - master.due, 'aria-label': 'Stores that are set' }),
    notes.length > 0 && h('p', { class: 'quiet' }, `${notes.join('; ')}.`),
  );
}

/** @param {Master} master @param {number} version */
function partOf({ everyone, trial }, version) {
  if (version === trial) return 'trial';
  return version === everyone ? 'everyone' : 'older';
}
