/** An item as its readers see it: as a push, as a card on a page, as a line of a feed. */
import { h } from '../../ui/dom.js';
import { picture } from '../../ui/picture.js';
import { datesText, KINDS } from './words.js';

/** @import {Item, Words} from './words.js' */

/** @param {{item: Item, words: Words, origins: string[], tenant: string}} options */
export function previews({ item, words, origins, tenant }) {
  const shown = picture({ name: words.title, image_url: item.image_url }, origins);
  const dates = datesText(item);
  return h(
    'div',
    { class: 'content-previews', 'data-testid': 'previews' },
    figure(
      'As a push',
      h(
        'div',
        { class: 'content-push' },
        h('p', { class: 'quiet' }, tenant),
        h('p', null, h('strong', null, words.title)),
        h('p', { class: 'breaks' }, words.text),
      ),
    ),
    figure(
      'As a card',
      h(
        'div',
        { class: 'content-card' },
        shown,
        h('p', null, h('strong', null, words.title)),
        h('p', { class: 'quiet' }, [dates, item.place].filter(Boolean).join(' · ')),
        h('p', { class: 'breaks' }, words.text),
        words.terms && h('p', { class: 'field-hint breaks' }, words.terms),
      ),
    ),
    figure(
      'In a feed',
      h(
        'div',
        { class: 'content-feed-line' },
        h('p', null, h('strong', null, words.title), ' ', h('span', { class: 'quiet' }, KINDS[item.kind])),
        h('p', { class: 'breaks' }, words.text),
        h('p', { class: 'quiet' }, dates),
      ),
    ),
  );
}

/** @param {string} caption @param {HTMLElement} body */
const figure = (caption, body) => h('figure', null, h('figcaption', { class: 'quiet' }, caption), body);
