/** All segments: what each asks for in a sentence, how many people are in it, and how that went lately. */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, pill, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { sparkline } from './size_line.js';
import { statusPill } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Summary} from './shapes.js' */

const SIZES_AT_ONCE = 4;

/** @param {Context} context @param {'segments' | 'lists'} here */
export function tabs(context, here) {
  const { me } = context;
  const link = (/** @type {string} */ href, /** @type {string} */ said, /** @type {boolean} */ isHere) =>
    h('a', { class: 'tab-link', href, 'aria-current': isHere ? 'page' : null }, said);
  return [
    h(
      'header',
      { class: 'page-head' },
      h('h1', null, 'Segments'),
      may(me, 'segments') &&
        h(
          'div',
          { class: 'page-tools' },
          here === 'segments' &&
            h(
              'a',
              { class: 'button', href: '/segments?templates=1', 'data-testid': 'to-templates' },
              'From a template',
            ),
          here === 'segments' &&
            h(
              'a',
              { class: 'button button-primary', href: '/segments?new=1', 'data-testid': 'new-segment' },
              icon('plus', 18),
              'New segment',
            ),
        ),
    ),
    h(
      'nav',
      { class: 'tab-links', 'aria-label': 'Segments and lists' },
      link('/segments', 'Segments', here === 'segments'),
      link('/segments?lists=1', 'Lists', here === 'lists'),
    ),
  ];
}

/** @param {HTMLElement} place @param {{context: Context, query: URLSearchParams, signal: AbortSignal}} options */
export function segmentList(place, { context, query, signal }) {
  const isArchive = query.has('archived');
  const body = h('div', null);
  fill(
    place,
    tabs(context, 'segments'),
    h(
      'p',
      { class: 'quiet' },
      'Who belongs together, kept up to date by the second: people come in and go out as things happen, and as time passes.',
    ),
    body,
  );
  whileLoading(
    body,
    () =>
      Promise.all([getAll('/v1/segments', { archived: isArchive || null }, signal), getAll('/v1/stores', {}, signal)]),
    ([segments, stores]) => shown(context, segments, stores, isArchive, signal),
  );
}

/**
 * @param {Context} context @param {Summary[]} found @param {Store[]} stores @param {boolean} isArchive @param {AbortSignal} signal
 */
function shown(context, found, stores, isArchive, signal) {
  const segments = found.filter(({ archived_at: at }) => Boolean(at) === isArchive);
  const names = new Map(stores.map(({ id, properties }) => [id, properties.name]));
  const other = h(
    'a',
    { class: 'quiet', href: isArchive ? '/segments' : '/segments?archived=1' },
    isArchive ? 'Back to those in use' : 'Archived segments',
  );
  if (!segments.length) return [isArchive ? empty('Nothing archived') : nothing(context), h('p', null, other)];
  const rows = segments.map((segment) => row(segment, names));
  fillSizes(rows, signal);
  const search = h('input', {
    type: 'search',
    'aria-label': 'Find a segment',
    placeholder: 'Find by name or condition',
    'data-testid': 'segment-search',
    on: { input: () => filter(rows, search.value, nobody) },
  });
  const nobody = h('p', { class: 'quiet', role: 'status', hidden: true }, 'No segment says that.');
  return h(
    'div',
    { class: 'stack' },
    segments.length > 5 && search,
    nobody,
    h(
      'ul',
      { class: 'cards', 'data-testid': 'segment-list' },
      rows.map(({ node }) => node),
    ),
    h('p', null, other),
  );
}

/** @param {Context} context */
const nothing = (context) =>
  empty(
    'No segments yet',
    'A segment finds people by what they buy, where they are and what they do; campaigns and figures then look at them.',
    may(context.me, 'segments') &&
      h(
        'div',
        { class: 'page-tools' },
        h('a', { class: 'button', href: '/segments?templates=1' }, 'Start from a template'),
        h('a', { class: 'button', href: '/segments?new=1' }, 'Build one'),
      ),
  );

/** @param {Summary} segment @param {Map<string, string>} names of stores */
function row(segment, names) {
  const line = h('span', { class: 'size-place' });
  const store = segment.store_id && (names.get(segment.store_id) ?? 'a store');
  const node = h(
    'li',
    { class: 'segment-row', 'data-testid': 'segment-row' },
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('a', { class: 'title-link breaks', href: `/segments?id=${segment.id}` }, segment.name),
        statusPill(segment),
        store && pill(store, 'quiet'),
      ),
      h('p', { class: 'breaks' }, segment.sentence),
    ),
    h(
      'div',
      { class: 'segment-size' },
      h(
        'p',
        null,
        h('strong', null, segment.people === null ? '–' : number(segment.people)),
        h(
          'span',
          { class: 'quiet' },
          segment.people === null ? (segment.hidden ?? '') : segment.people === 1 ? 'person' : 'people',
        ),
      ),
      line,
    ),
  );
  return { segment, node, line, text: `${segment.name} ${segment.sentence} ${store ?? ''}`.toLowerCase() };
}

/** @param {ReturnType<typeof row>[]} rows @param {string} typed @param {HTMLElement} nobody */
function filter(rows, typed, nobody) {
  const wanted = typed.trim().toLowerCase();
  for (const { node, text } of rows) node.hidden = !text.includes(wanted);
  nobody.hidden = rows.some(({ node }) => !node.hidden);
}

/** The lines come in after the list, a few at a time. @param {ReturnType<typeof row>[]} rows @param {AbortSignal} signal */
async function fillSizes(rows, signal) {
  const waiting = [...rows];
  async function next() {
    for (let item = waiting.shift(); item && !signal.aborted; item = waiting.shift()) {
      const found = await get(`/v1/segments/${item.segment.id}/sizes`, { step: 'day' }, signal).catch(() => null);
      if (found?.points.length > 1) fill(item.line, sparkline(found.points));
    }
  }
  await Promise.all(Array.from({ length: SIZES_AT_ONCE }, next));
}
