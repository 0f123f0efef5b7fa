/** Who is in this segment and in others too. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { whileLoading } from '../../ui/widgets.js';
import { peopleText, shareText } from './words.js';

/** @import {Overlap, Segment, Summary} from './shapes.js' */

const MOST_OTHERS = 4;

/** @param {{segment: Segment, segments: Summary[], signal: AbortSignal}} options */
export function overlapCard({ segment, segments, signal }) {
  const others = segments.filter(({ id, archived_at: at }) => id !== segment.id && !at);
  /** @type {string[]} */
  let chosen = [];
  const names = new Map(segments.map(({ id, name }) => [id, name]));
  const body = h('div', { 'data-testid': 'overlap' });
  const chips = h('div', { class: 'chip-row' });
  const add = selectField('Compare with', [], '', { testid: 'overlap-with' });
  add.input.addEventListener('change', () => {
    if (add.input.value) pick([...chosen, add.input.value]);
  });

  /** @param {string[]} next */
  function pick(next) {
    chosen = next;
    const open = others.filter(({ id }) => !chosen.includes(id));
    fill(
      add.input,
      h('option', { value: '' }, 'Choose a segment…'),
      open.map(({ id, name }) => h('option', { value: id }, name)),
    );
    add.node.hidden = chosen.length >= MOST_OTHERS || !open.length;
    fill(chips, chosen.map(chip));
    if (chosen.length) show();
    else fill(body);
  }

  /** @param {string} id */
  const chip = (id) =>
    h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-label': `Leave out ${names.get(id)}`,
        on: { click: () => pick(chosen.filter((each) => each !== id)) },
      },
      names.get(id) ?? 'a segment',
      icon('close', 16),
    );

  function show() {
    const query = [segment.id, ...chosen].map((id) => `segment_id=${id}`).join('&');
    whileLoading(
      body,
      () => get(`/v1/segments/overlap?${query}`, {}, signal),
      (found) => result(found, segment.id, names),
    );
  }

  pick([]);
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'overlap-title' },
    h('h2', { id: 'overlap-title' }, 'Who is in others too'),
    others.length ? [add.node, chips, body] : h('p', { class: 'quiet' }, 'There is no other segment yet.'),
  );
}

/** @param {Overlap} found @param {string} mine @param {Map<string, string>} names */
function result({ segments, pairs, parts }, mine, names) {
  const sizes = new Map(segments.map(({ id, people }) => [id, people]));
  const own = sizes.get(mine) ?? null;
  const shared = pairs.filter(({ first, second }) => first === mine || second === mine);
  return [
    h(
      'ul',
      { class: 'overlap-list' },
      shared.map(({ first, second, people, hidden }) => {
        const other = first === mine ? second : first;
        const theirs = sizes.get(other) ?? null;
        const share = (/** @type {number | null} */ whole) =>
          people !== null && whole ? shareText(people, whole) : null;
        const shares = [share(own) && `${share(own)} of this`, share(theirs) && `${share(theirs)} of that`];
        return h(
          'li',
          { 'data-testid': 'overlap-row' },
          h(
            'p',
            null,
            'also in ',
            h('strong', { class: 'breaks' }, names.get(other)),
            `: ${peopleText(people, hidden)}`,
          ),
          h('p', { class: 'quiet' }, shares.filter(Boolean).join(', ')),
          bar(people, own),
        );
      }),
    ),
    parts.length > 0 &&
      h(
        'details',
        null,
        h('summary', null, 'Every combination'),
        h(
          'ul',
          { class: 'plain-list' },
          parts.map(({ segment_ids: ids, people, hidden }) =>
            h(
              'li',
              null,
              `${ids.length === 1 ? 'only in ' : 'in '}${ids.map((id) => (id === mine ? 'this' : names.get(id))).join(' and ')}: ${peopleText(people, hidden)}`,
            ),
          ),
        ),
      ),
  ];
}

/** @param {number | null} part @param {number | null} whole */
function bar(part, whole) {
  if (part === null || !whole) return null;
  return h(
    'span',
    { class: 'overlap-bar', 'aria-hidden': 'true' },
    h('span', { style: { width: `${Math.min(100, (100 * part) / whole)}%` } }),
  );
}
