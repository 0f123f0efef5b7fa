/** The segments that a person is in, and since when. */
import { h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';

/** @import {OverviewSegment} from '../../types' */

/** @param {OverviewSegment[]} segments */
export function segmentsCard(segments) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'segments-title', 'data-testid': 'segments' },
    h('h2', { id: 'segments-title' }, 'Segments'),
    segments.length
      ? h('ul', { class: 'plain-list' }, segments.map(row))
      : h('p', { class: 'quiet' }, 'In none at the moment.'),
  );
}

/** @param {OverviewSegment} segment */
function row({ id, name, sentence, since }) {
  return h(
    'li',
    { 'data-testid': 'segment-row' },
    h('a', { href: `/segments?id=${id}` }, name),
    h('span', { class: 'quiet' }, ` since ${moment(since).replace(/,.*/, '')}`),
    h('p', { class: 'quiet' }, sentence),
  );
}
