/**
 * The page "Segments": the list, and by the address one segment (`?id=`), its builder (`?id=&edit=1`), a new one
 * (`?new=1`, from a template `&template=&with=&store=`, as a copy `&copy=`), the templates (`?templates=1`), the lists
 * (`?lists=1`) and one of them (`?list=`).
 */
import { get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { whileLoading } from '../../ui/widgets.js';
import { builder } from './builder.js';
import { segmentDetail } from './detail.js';
import { segmentList } from './list.js';
import { listDetail } from './list_detail.js';
import { listsView } from './lists.js';
import { templatesView } from './templates.js';

/** @import {Context} from '../../types' */
/** @import {Made, Segment} from './shapes.js' */

/** @type {import('../../types').Page} */
export function segmentsPage(root, context, query) {
  const abort = new AbortController();
  const place = h('div', { class: 'page' });
  fill(root, place);
  open(place, context, query, abort.signal);
  return () => abort.abort();
}

/** @param {HTMLElement} place @param {Context} context @param {URLSearchParams} query @param {AbortSignal} signal */
function open(place, context, query, signal) {
  const id = query.get('id');
  const listId = query.get('list');
  if (query.has('new') || (id && query.has('edit'))) return openBuilder(place, context, query, signal);
  if (id) return segmentDetail(place, { context, id, signal });
  if (listId) return listDetail(place, { context, id: listId, signal });
  if (query.has('lists')) return listsView(place, { context, signal });
  if (query.has('templates')) return templatesView(place, { context, signal });
  return segmentList(place, { context, query, signal });
}

/** @param {HTMLElement} place @param {Context} context @param {URLSearchParams} query @param {AbortSignal} signal */
function openBuilder(place, context, query, signal) {
  whileLoading(
    place,
    () => {
      const id = query.get('id');
      return Promise.all([
        get('/v1/segments/vocabulary', {}, signal),
        id ? get(`/v1/segments/${id}`, {}, signal) : null,
        beginning(query, signal),
      ]);
    },
    ([vocabulary, segment, made]) => builder({ context, vocabulary, segment, made, signal }),
  );
}

/** What a new one begins with. @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<Made | null>} */
async function beginning(query, signal) {
  const template = query.get('template');
  if (template) {
    const parameters = JSON.parse(query.get('with') ?? '{}');
    return post(`/v1/segments/templates/${encodeURIComponent(template)}`, { parameters, store_id: query.get('store') });
  }
  const copied = query.get('copy');
  if (!copied) return null;
  const segment = /** @type {Segment} */ (await get(`/v1/segments/${copied}`, {}, signal));
  return { ...segment, name: `${segment.name} (copy)` };
}
