/** What a person buys again and again and will soon need; nothing of it without their consent. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { failure, loading } from '../../ui/widgets.js';

/** @import {Recommendations} from '../../types' */
/** @import {Person} from './person.js' */

const HINDRANCES = {
  no_consent: 'Not worked out: they have not agreed to personalisation.',
  under_16: 'Not worked out: they are younger than 16.',
  nobody: 'Nothing is known.',
};

/** @param {Person} person */
export function dueCard({ id, signal, guarded }) {
  const place = h('div', null);

  async function load() {
    fill(place, loading());
    try {
      const query = { profile_id: id, kind: 'due', limit: 5 };
      fill(place, shown(await guarded(() => get('/v1/recommendations', query, signal))));
    } catch (error) {
      if (signal.aborted || error instanceof DOMException) return;
      fill(place, failure(error, load));
    }
  }

  load();
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'due-title', 'data-testid': 'due' },
    h('h2', { id: 'due-title' }, 'May need soon'),
    place,
  );
}

/** @param {Recommendations} found */
function shown({ items, hindrance }) {
  if (hindrance) return h('p', { class: 'quiet' }, HINDRANCES[hindrance]);
  if (!items.length) return h('p', { class: 'quiet' }, 'Nothing is due.');
  return h(
    'ul',
    { class: 'things' },
    items.map(({ name, reason }) =>
      h(
        'li',
        null,
        h('span', { class: 'row-text' }, h('span', { class: 'breaks' }, name), h('span', { class: 'quiet' }, reason)),
      ),
    ),
  );
}
