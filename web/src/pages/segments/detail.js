/** One segment: what it asks for, how large it is and was, who is in it and why, what rests on it. */
import { call, get, getAll, post, queryString } from '../../api.js';
import { h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { moment, number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { ask, explain, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { membersCard } from './members.js';
import { overlapCard } from './overlap.js';
import { sizeChart } from './size_line.js';
import { usedCard } from './used.js';
import { whyCard } from './why.js';
import { peopleText, statusPill } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Reading, Segment, Summary} from './shapes.js' */
/** @import {SizePoint} from './size_line.js' */
/** @typedef {{context: Context, segment: Segment, signal: AbortSignal, reload: () => void}} Shown */

const BUILDING_MS = 1500;

/** @param {HTMLElement} place @param {{context: Context, id: string, signal: AbortSignal}} options */
export function segmentDetail(place, { context, id, signal }) {
  const load = () =>
    whileLoading(
      place,
      () =>
        Promise.all([
          get(`/v1/segments/${id}`, {}, signal),
          getAll('/v1/stores', {}, signal),
          getAll('/v1/segments', {}, signal),
        ]),
      ([segment, stores, segments]) => screen({ context, segment, signal, reload: load }, stores, segments),
    );
  load();
}

/** @param {Shown} shown @param {Store[]} stores @param {Summary[]} segments */
function screen(shown, stores, segments) {
  const { context, segment, signal } = shown;
  const store = stores.find(({ id }) => id === segment.store_id)?.properties.name;
  const seesPeople = may(context.me, 'customers');
  const why = whyCard({ segment, signal });
  if (segment.status === 'building') later(segment.id, signal, shown.reload);
  return h(
    'article',
    { 'data-testid': 'segment' },
    h('a', { class: 'back-link', href: '/segments' }, icon('back', 16), 'Segments'),
    h(
      'header',
      { class: 'page-head' },
      h('div', { class: 'title-line' }, h('h1', { class: 'breaks' }, segment.name), statusPill(segment)),
      h('div', { class: 'page-tools' }, tools(shown)),
    ),
    segment.problem && h('p', { class: 'notice' }, segment.problem),
    segment.description && h('p', { class: 'breaks' }, segment.description),
    h(
      'div',
      { class: 'detail-columns' },
      h(
        'div',
        null,
        sizeCard(shown),
        seesPeople && membersCard({ context, segment, signal, onWhy: why.show }),
        seesPeople && why.node,
      ),
      h(
        'div',
        null,
        askedCard(segment, store),
        overlapCard({ segment, segments, signal }),
        usedCard(segment.used_by, may(context.me, 'edit') && !segment.archived_at && campaignLink(segment)),
      ),
    ),
  );
}

/**
 * Looks again while people are being looked up, without losing what is on the screen.
 * @param {string} id @param {AbortSignal} signal @param {() => void} reload
 */
function later(id, signal, reload) {
  const timer = window.setTimeout(async () => {
    const now = await get(`/v1/segments/${id}`, {}, signal).catch(() => null);
    if (signal.aborted) return;
    if (now && now.status !== 'building') reload();
    else later(id, signal, reload);
  }, BUILDING_MS);
  signal.addEventListener('abort', () => window.clearTimeout(timer));
}

/** @param {Segment} segment @param {string | undefined} store */
function askedCard({ sentence, reading, built_at: at }, store) {
  const isGroup = reading.of.length > 0;
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'asked-title', 'data-testid': 'asked' },
    h('h2', { id: 'asked-title' }, 'What it asks for'),
    h('p', { class: 'lead breaks', 'data-testid': 'sentence' }, sentence),
    isGroup && h('details', null, h('summary', null, 'Condition by condition'), readingTree(reading)),
    h(
      'p',
      { class: 'quiet' },
      [store && `Customers of ${store} only`, at && `built ${moment(at)}, kept up to date since`]
        .filter(Boolean)
        .join(' · '),
    ),
  );
}

/** @param {Reading} node @returns {HTMLElement} */
const readingTree = ({ of }) =>
  h(
    'ul',
    { class: 'reading-tree' },
    of.map((child) => h('li', null, child.text, child.of.length > 0 && readingTree(child))),
  );

/** @param {Segment} segment */
const campaignLink = ({ id }) =>
  h(
    'a',
    { class: 'button', href: `/campaigns?new=1&segment=${id}`, 'data-testid': 'segment-campaign' },
    icon('campaigns', 18),
    'Make a campaign',
  );

/** @type {[string, string][]} */
const SPANS = [
  ['7', 'the last week'],
  ['30', 'the last 30 days'],
  ['90', 'the last 90 days'],
  ['365', 'the last year'],
];

/** @param {Shown} shown */
function sizeCard({ segment, signal }) {
  const body = h('div', null);
  const span = selectField('Over', SPANS, '30', { testid: 'size-span', class: 'field-inline' });
  const load = () => {
    const days = Number(span.input.value);
    const from = new Date(Date.now() - days * 86_400_000).toISOString();
    whileLoading(
      body,
      () => get(`/v1/segments/${segment.id}/sizes`, { from, step: days > 7 ? 'day' : 'hour' }, signal),
      ({ points }) =>
        points.filter((/** @type {SizePoint} */ { people }) => people !== null).length > 1
          ? sizeChart(points)
          : h('p', { class: 'quiet' }, 'The line begins with the first night that the segment has seen.'),
    );
  };
  span.input.addEventListener('change', load);
  load();
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'size-title' },
    h('div', { class: 'card-head' }, h('h2', { id: 'size-title' }, 'How many'), span.node),
    h(
      'p',
      { class: 'preview-count', 'data-testid': 'segment-people' },
      segment.people === null ? peopleText(null, segment.hidden) : number(segment.people),
    ),
    body,
  );
}

/** @param {Shown} shown */
function tools(shown) {
  const { context, segment } = shown;
  const canEdit = may(context.me, 'segments');
  return [
    canEdit &&
      !segment.archived_at &&
      h(
        'a',
        { class: 'button button-primary', href: `/segments?id=${segment.id}&edit=1`, 'data-testid': 'segment-edit' },
        'Edit',
      ),
    may(context.me, 'customers') &&
      h(
        'button',
        { type: 'button', class: 'button', 'data-testid': 'segment-export', on: { click: () => exportPeople(shown) } },
        icon('download', 18),
        'Export',
      ),
    canEdit &&
      menuButton({
        label: 'More',
        content: icon('more'),
        class: 'button',
        testid: 'segment-more',
        items: () => [
          {
            label: 'Make a copy',
            icon: 'copy',
            testid: 'segment-copy',
            act: () => context.navigate(`/segments?new=1&copy=${segment.id}`),
          },
          segment.archived_at
            ? { label: 'Use it again', icon: 'undo', testid: 'segment-restore', act: () => move(shown, 'restore') }
            : { label: 'Archive', icon: 'levels', testid: 'segment-archive', act: () => move(shown, 'archive') },
          { label: 'Delete', icon: 'trash', tone: 'danger', testid: 'segment-delete', act: () => remove(shown) },
        ],
      }),
  ];
}

/** @param {Shown} shown @param {'archive' | 'restore'} verb */
async function move({ context, segment, reload }, verb) {
  try {
    await post(`/v1/segments/${segment.id}/${verb}`);
    context.toast(verb === 'archive' ? 'Archived: nobody goes in or out any more.' : 'In use again.');
    reload();
  } catch (error) {
    context.toast(explain(error), { tone: 'bad' });
  }
}

/** @param {Shown} shown */
async function remove({ context, segment }) {
  const answer = await ask({
    title: `Delete ${segment.name}?`,
    testid: 'segment-delete-dialog',
    body: h('p', null, 'Its history goes with it. Archive it instead to keep that.'),
    actions: [
      { label: 'Keep it', value: '' },
      { label: 'Delete', value: 'yes', tone: 'danger', testid: 'confirm' },
    ],
  });
  if (!answer) return;
  try {
    await call('DELETE', `/v1/segments/${segment.id}`);
    context.toast(`${segment.name} is deleted.`);
    context.navigate('/segments');
  } catch (error) {
    context.toast(explain(error), { tone: 'bad' });
  }
}

/** Ids and names leave the house: the audit log keeps who took them and why. @param {Shown} shown */
async function exportPeople({ context, segment }) {
  const isDemo = context.me.tenant.is_demo;
  const reason = textField(
    'Why',
    { maxlength: 300, minlength: 3, required: true },
    { testid: 'export-reason', hint: 'It is kept in the audit log.' },
  );
  const answer = await ask({
    title: 'Export who is in it',
    testid: 'export-dialog',
    body: [h('p', null, `${peopleText(segment.people, segment.hidden)} as a CSV file.`), !isDemo && reason.node],
    actions: [
      { label: 'Cancel', value: '' },
      { label: 'Export', value: 'yes', tone: 'primary', testid: 'confirm' },
    ],
  });
  if (!answer) return;
  const query = queryString({ reason: reason.input.value.trim() });
  h('a', { href: `/v1/segments/${segment.id}/members.csv${query}`, download: '' }).click();
}
