/**
 * The page "Content": what is on (promotions, events, new arrivals, notices), as a list or on a time line; and by the
 * address one item (`?id=`), its editor (`?id=&edit=1`) or a new one (`?new=1`).
 */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { picture } from '../../ui/picture.js';
import { empty, pill, whileLoading } from '../../ui/widgets.js';
import { contentDetail } from './detail.js';
import { feedsCard } from './feeds.js';
import { contentForm } from './form.js';
import { timeline } from './timeline.js';
import { datesText, KINDS, mayWrite, stateOf } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Item} from './words.js' */

/** @type {import('../../types').Page} */
export function contentPage(root, context, query) {
  const abort = new AbortController();
  const { signal } = abort;
  const place = h('div', { class: 'page' });
  fill(root, place);
  const id = query.get('id');
  if (query.has('new') || (id && query.has('edit'))) {
    whileLoading(
      place,
      () =>
        Promise.all([
          id ? get(`/v1/content/${id}`, {}, signal) : null,
          getAll('/v1/stores', {}, signal),
          getAll('/v1/malls', {}, signal),
          getAll('/v1/zones', {}, signal),
        ]),
      ([item, stores, malls, zones]) => contentForm({ context, item, stores, malls, zones }),
    );
  } else if (id) {
    const load = () =>
      whileLoading(
        place,
        () =>
          Promise.all([
            get(`/v1/content/${id}`, {}, signal),
            getAll('/v1/links', { content_id: id }, signal),
            get(`/v1/content/${id}/recipe`, {}, signal),
          ]),
        ([item, links, recipe]) => contentDetail({ context, item, links, recipe, reload: load }),
      );
    load();
  } else overview(place, context, query, signal);
  return () => abort.abort();
}

/** @param {HTMLElement} place @param {Context} context @param {URLSearchParams} query @param {AbortSignal} signal */
function overview(place, context, query, signal) {
  const asTimeline = query.get('view') === 'time';
  const body = h('div', null);
  const add = h(
    'a',
    { class: 'button button-primary', href: '/content?new=1', 'data-testid': 'new-content' },
    icon('plus', 18),
    'New item',
  );
  const tab = (/** @type {string} */ href, /** @type {string} */ words, /** @type {boolean} */ chosen) =>
    h(
      'a',
      { class: 'button', href, 'aria-current': chosen ? 'page' : null, 'data-testid': `view-${words.toLowerCase()}` },
      words,
    );
  fill(
    place,
    h(
      'header',
      { class: 'page-head' },
      h('h1', null, 'Content'),
      h(
        'div',
        { class: 'page-tools' },
        tab('/content', 'List', !asTimeline),
        tab('/content?view=time', 'Timeline', asTimeline),
        mayWrite(context) && add,
      ),
    ),
    h('p', { class: 'quiet' }, 'What is on. Written once: messages, feeds and links always show it as it is now.'),
    body,
    feedsCard({ context, signal }),
  );
  whileLoading(
    body,
    () => getAll('/v1/content', {}, signal),
    (/** @type {Item[]} */ items) => {
      if (items.length === 0)
        return empty(
          'Nothing is on yet',
          'An item is a promotion, an event, something new or a notice, with its words in every language you speak.',
          mayWrite(context) && h('a', { class: 'button', href: '/content?new=1' }, 'Write the first one'),
        );
      const newest = [...items].reverse();
      if (asTimeline) return timeline(newest);
      return h(
        'ul',
        { class: 'cards', 'data-testid': 'content-list' },
        newest.map((item) => row(item, context)),
      );
    },
  );
}

/** @param {Item} item @param {Context} context */
function row(item, context) {
  const { text, tone } = stateOf(item);
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'content-row' },
    picture({ name: item.title, image_url: item.image_url }, context.me.pictures_from ?? []),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('a', { class: 'title-link breaks', href: `/content?id=${item.id}` }, item.title),
        pill(text, tone),
        pill(KINDS[item.kind]),
      ),
      h('p', { class: 'breaks' }, datesText(item)),
      h('p', { class: 'quiet breaks' }, [item.place ?? 'everywhere', Object.keys(item.texts).join(', ')].join(' · ')),
    ),
  );
}
