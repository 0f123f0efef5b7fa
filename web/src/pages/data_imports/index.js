/**
 * The page "Imports": files of products, stock, customers, consents and orders. What was imported and what comes by
 * itself, and by the address one file (`?id=`): its columns and a preview, its progress, its result.
 */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { failure, loading, pill } from '../../ui/widgets.js';
import { overview } from './overview.js';
import { progressCard } from './progress.js';
import { resultCard } from './result.js';
import { setup } from './setup.js';
import { fileText, KINDS, originText, stateOf } from './words.js';

/** @import {Import, KindInfo} from './words.js' */

const EVERY_MS = 1000;

/** @type {import('../../types').Page} */
export function dataImportsPage(root, context, query) {
  const abort = new AbortController();
  const place = h('div', { class: 'page' });
  fill(root, place);
  const id = query.get('id');
  if (id) one(place, context, id, abort.signal);
  else overview(place, context, abort.signal);
  return () => abort.abort();
}

/**
 * One import; while it runs, its progress is read every second.
 * @param {HTMLElement} place @param {import('../../types').Context} context @param {string} id @param {AbortSignal} signal
 */
function one(place, context, id, signal) {
  const path = `/v1/imports/data/${id}`;
  /** @type {number | undefined} */
  let timer;
  /** @type {{status: string, update?: (item: Import) => void}} what is shown */
  let shown = { status: '' };
  signal.addEventListener('abort', () => window.clearTimeout(timer));
  fill(place, loading());

  async function load() {
    window.clearTimeout(timer);
    try {
      const item = /** @type {Import} */ (await get(path, {}, signal));
      await show(item);
      if (item.status === 'queued' || item.status === 'running') timer = window.setTimeout(load, EVERY_MS);
    } catch (error) {
      if (signal.aborted) return;
      shown = { status: '' };
      fill(place, failure(error, load));
    }
  }

  /** @param {Import} item */
  async function show(item) {
    if (shown.status === item.status && shown.update) {
      shown.update(item);
      return;
    }
    const isOpen = item.status === 'waiting' || item.status === 'held';
    if (isOpen) {
      const kinds = /** @type {KindInfo[]} */ ((await get('/v1/imports/kinds', {}, signal)).items);
      const info = kinds.find(({ kind }) => kind === item.kind);
      fill(place, head(item), info && setup({ context, item, info, signal, reload: load }));
      shown = { status: item.status };
    } else if (item.status === 'queued' || item.status === 'running') {
      const card = progressCard({ context, item, reload: load });
      const top = h('div', null, head(item));
      fill(place, top, card.node);
      shown = { status: item.status, update: card.update };
    } else {
      fill(place, head(item), resultCard(item));
      shown = { status: item.status };
      context.announce(`${item.file_name}: ${stateOf(item)[0]}`);
    }
  }

  load();
}

/** @param {Import} item */
function head(item) {
  const [text, tone] = stateOf(item);
  return [
    h('a', { class: 'back-link', href: '/imports' }, icon('back', 16), 'Imports'),
    h(
      'header',
      { class: 'page-head' },
      h(
        'div',
        { class: 'title-line' },
        h('h1', { class: 'breaks' }, item.file_name),
        h('span', { 'data-testid': 'import-state' }, pill(text, tone)),
      ),
    ),
    h(
      'p',
      { class: 'quiet breaks' },
      `${KINDS[item.kind]}, ${originText(item)}, ${moment(item.created_at)} · ${item.header.length ? fileText(item) : ''}`,
    ),
    item.reason && h('p', { class: 'note note-warn breaks', 'data-testid': 'import-reason' }, reason(item)),
  ];
}

/** @param {Import} item */
function reason({ status, reason: why }) {
  if (status === 'held') return `Held back: ${why}. Look at it, then import it or leave it out.`;
  if (status === 'failed') return `It could not go on: ${why}.`;
  return why;
}
