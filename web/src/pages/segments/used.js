/** What rests on a segment or a list: campaigns and other segments. */
import { h } from '../../ui/dom.js';
import { pill } from '../../ui/widgets.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {Use} from './shapes.js' */

/** @param {Use[]} uses @param {Child} [action] */
export function usedCard(uses, action) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'used-title', 'data-testid': 'used' },
    h('h2', { id: 'used-title' }, 'Where it is used'),
    uses.length
      ? h(
          'ul',
          { class: 'used-list' },
          uses.map(({ kind, id, name, status }) =>
            h(
              'li',
              null,
              h('a', { href: `/${kind}s?id=${id}`, class: 'breaks' }, name),
              pill(`${kind}${status ? `, ${status.replaceAll('_', ' ')}` : ''}`),
            ),
          ),
        )
      : h('p', { class: 'quiet' }, 'Nowhere yet.'),
    action && h('div', { class: 'page-tools' }, action),
  );
}
