/**
 * Campaigns: the list, and by the address one of them (`?id=`), its editor (`?id=&edit=1`) or a new one (`?new=1`).
 */
import { ApiError, get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { whileLoading } from '../../ui/widgets.js';
import { detail } from './detail.js';
import { campaignForm } from './form.js';
import { listPage } from './list.js';
import { byName, loadNames } from './words.js';

/** @import {World} from '../../types' */
/** @import {Names} from './words.js' */

/** @type {import('../../types').Page} */
export function campaignsPage(root, context, query) {
  const abort = new AbortController();
  const { signal } = abort;
  const id = query.get('id');
  const place = h('div', { class: 'page' });
  fill(root, place);
  if (query.has('new') || (id && query.has('edit'))) {
    whileLoading(
      place,
      async () => {
        const [names, campaign, plan] = await Promise.all([
          loadNames(signal),
          id ? get(`/v1/campaigns/${id}`, {}, signal) : null,
          id ? get(`/v1/campaigns/${id}/experiment`, {}, signal) : null,
        ]);
        return { names, campaign, plan, world: await loadWorld(names, signal) };
      },
      (loaded) => campaignForm({ context, query, ...loaded }),
    );
  } else if (id) {
    whileLoading(
      place,
      async () => {
        const [names, campaign, report] = await Promise.all([
          loadNames(signal),
          get(`/v1/campaigns/${id}`, {}, signal),
          get(`/v1/campaigns/${id}/report`, {}, signal),
        ]);
        return { names, campaign, report };
      },
      (loaded) => detail({ context, ...loaded }),
    );
  } else listPage(place, context, query, signal);
  return () => abort.abort();
}

/** What the editor's pickers offer. @param {Names} names @param {AbortSignal} signal @returns {Promise<World>} */
async function loadWorld(names, signal) {
  const [offers, items] = await Promise.all([mine('/v1/offers', signal), mine('/v1/content', signal)]);
  return {
    zones: byName(names.zones),
    stores: byName(names.stores),
    segments: sorted([...names.segments.values()].map(({ id, name }) => [id, name])),
    offers: sorted(offers.filter(({ status }) => status !== 'archived').map(({ id, name }) => [id, name])),
    items: sorted(items.filter(({ status }) => status !== 'cancelled').map(({ id, title }) => [id, title])),
  };
}

/** None for who may not see them. @param {string} path @param {AbortSignal} signal */
async function mine(path, signal) {
  try {
    return await getAll(path, {}, signal);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return [];
    throw error;
  }
}

/** @param {[string, string][]} pairs */
const sorted = (pairs) => pairs.sort((a, b) => a[1].localeCompare(b[1]));
