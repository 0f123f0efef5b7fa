/** A campaign's rules as sentences, and its pieces that list, detail and review share. */
import { ApiError, getAll, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { duration, moment, number } from '../../ui/format.js';
import { logo, pill } from '../../ui/widgets.js';
import { campaignStatus, daysText, reasonText } from '../../ui/words.js';

/** @import {Campaign, Store, Zone} from '../../types' */
/** @typedef {{id: string, name: string}} SegmentName */
/** @typedef {{zones: Map<string, Zone>, stores: Map<string, Store>, segments: Map<string, SegmentName>}} Names */

export const EXAMPLE_NAME = 'Ana';
/** The ways a message may take. @type {Record<string, string>} */
export const CHANNELS = {
  push: 'Push',
  email: 'E-mail',
  inbox: 'Inbox of the app',
  web_card: 'Card on the page',
  whatsapp: 'WhatsApp',
  viber: 'Viber',
  sms: 'SMS',
};
const OF_PLACES = new Set(['entered', 'dwelled', 'exited']);
/** @type {Record<string, string>} */
const TONES = {
  draft: 'quiet',
  in_review: 'info',
  scheduled: 'info',
  active: 'ok',
  paused: 'warn',
  finished: 'quiet',
  rejected: 'bad',
};

/** @param {Campaign} campaign */
export const statusPill = (campaign) => [
  pill(campaignStatus(campaign.status), TONES[campaign.status]),
  campaign.archived_at && pill('archived'),
];

/** A tag leads to all that have it. @param {Campaign} campaign */
export const tagLinks = ({ tags }) =>
  tags.length > 0 &&
  h(
    'p',
    { class: 'tags' },
    tags.map((tag) => h('a', { class: 'tag', href: `/campaigns?${new URLSearchParams({ tag })}` }, tag)),
  );

/** Zones, stores and segments by id, to speak of them by name. @param {AbortSignal} [signal] @returns {Promise<Names>} */
export async function loadNames(signal) {
  const [zones, stores, segments] = await Promise.all([
    getAll('/v1/zones', {}, signal),
    getAll('/v1/stores', {}, signal),
    loadSegments(signal),
  ]);
  return {
    zones: new Map(zones.map((zone) => [zone.id, zone])),
    stores: new Map(stores.map((store) => [store.id, store])),
    segments,
  };
}

/** None for who may not see segments. @param {AbortSignal} [signal] @returns {Promise<Map<string, SegmentName>>} */
async function loadSegments(signal) {
  try {
    const segments = await getAll('/v1/segments', {}, signal);
    return new Map(segments.map((segment) => [segment.id, segment]));
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return new Map();
    throw error;
  }
}

/** @param {Map<string, {id: string, properties: {name: string}}>} items @returns {[string, string][]} */
export const byName = (items) =>
  [...items.values()]
    .map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name]))
    .sort((a, b) => a[1].localeCompare(b[1]));

/** @param {Campaign} campaign @param {Names} names */
export const storeOf = (campaign, names) => names.stores.get(campaign.store_id ?? '')?.properties ?? null;

/** Who speaks: the shop, or the mall itself. @param {Campaign} campaign @param {Names} names */
export function sender(campaign, names) {
  const store = storeOf(campaign, names);
  return { name: store?.name ?? 'Mall', mark: logo(store?.name ?? 'Mall', store?.brand_color) };
}

/** @param {Campaign} campaign @param {Names} names */
export function triggerText({ trigger, says }, names) {
  if (!OF_PLACES.has(trigger.kind) && trigger.kind !== 'segment') return (says[0] ?? '').replace(/\.$/, '');
  if (trigger.kind === 'segment') {
    const segment = segmentName(trigger.segment_id, names);
    const does = trigger.on === 'exited' ? 'leaves' : 'comes into';
    return `When somebody ${does} the segment ${segment}${trigger.present ? ', and for everybody who is in it at the start' : ''}`;
  }
  const places = [
    ...trigger.zone_ids.map((id) => names.zones.get(id)?.properties.name ?? 'a deleted zone'),
    ...trigger.store_ids.map((id) => names.stores.get(id)?.properties.name ?? 'a deleted shop'),
  ].join(' or ');
  if (trigger.kind === 'dwelled')
    return `When somebody has stayed ${trigger.dwell_s ? duration(trigger.dwell_s) : 'a while'} in ${places || 'no zone yet'}`;
  if (trigger.kind === 'exited') return `When somebody leaves ${places || 'no zone yet'}`;
  return `When somebody enters ${places || 'no zone yet'}`;
}

/** @param {string | null | undefined} id @param {Names} names */
function segmentName(id, names) {
  const segment = names.segments.get(id ?? '');
  return segment ? `“${segment.name}”` : 'that was deleted';
}

const OPS = /** @type {Record<string, string>} */ ({
  eq: 'is',
  ne: 'is not',
  gt: 'is above',
  lt: 'is below',
  exists: 'is known',
});

/** @param {Campaign} campaign @param {Names} names @returns {string[]} */
export function rulesText(campaign, names) {
  const { audience, days, hours, cap, cooldown_s, valid_from, valid_to, quiet_hours, purpose } = campaign;
  return [
    audience.kind === 'all'
      ? 'Everybody who allows it'
      : audience.kind === 'segment'
        ? `People who are in the segment ${segmentName(audience.segment_id, names)} and allow personal content`
        : `People whose ${audience.name} ${OPS[audience.op ?? ''] ?? audience.op} ${audience.op === 'exists' ? '' : String(audience.value)}`.trim(),
    `${daysText(days)}${hours ? `, ${hours.start} to ${hours.end}` : ', at any time'}`,
    cap && `at most ${cap.count} in ${cap.per_days === 1 ? 'a day' : `${cap.per_days} days`} for each person`,
    cooldown_s ? `not again within ${duration(cooldown_s)}` : null,
    valid_from && `from ${moment(valid_from)}`,
    valid_to && `until ${moment(valid_to)}`,
    quiet_hours === 'ignore' && 'also in quiet hours',
    purpose === 'service' && 'service message, no offer',
    purpose === 'transactional' && 'somebody waits for it: no limit, hour or comparison group holds it back',
    campaign.channels.length > 1 || campaign.channels[0] !== 'push'
      ? `by ${campaign.channels.map((name) => (CHANNELS[name] ?? name).toLowerCase()).join(', else ')}`
      : null,
  ].filter((text) => typeof text === 'string');
}

/** @param {Campaign} campaign */
export function reachText({ estimate }) {
  if (!estimate) return 'No estimate yet.';
  return `Reaches ${estimate.people === null ? 'fewer than 10 people' : `about ${number(estimate.people)} people`}.`;
}

/** Reasons with their counts as bars, the longest first. @param {[string, number][]} reasons */
export function reasonBars(reasons) {
  const most = Math.max(1, ...reasons.map(([, count]) => count));
  return h(
    'div',
    { class: 'bars' },
    h(
      'ul',
      null,
      [...reasons]
        .sort((a, b) => b[1] - a[1])
        .map(([reason, count]) =>
          h(
            'li',
            null,
            h('span', { class: 'bar-label' }, reasonText(reason)),
            h('span', { class: 'bar' }, h('span', { style: { width: `${(count / most) * 100}%` } })),
            h('b', null, number(count)),
          ),
        ),
    ),
  );
}

/** The same in one sentence. @param {Campaign} campaign */
export function estimateText(campaign) {
  const blocked = Object.entries(campaign.estimate?.blocked_by ?? {}).filter(([, count]) => count > 0);
  return `${reachText(campaign)}${blocked.length ? ` Held back for: ${blocked.map(([reason, count]) => `${reasonText(reason)} (${number(count)})`).join(', ')}.` : ''}`;
}

/** A push as a phone shows it. @param {string} name @param {string | null | undefined} brand @param {string} title @param {string} body */
export function pushCard(name, brand, title, body) {
  return h(
    'div',
    { class: 'push push-preview', 'data-testid': 'push-preview' },
    logo(name, brand),
    h('div', { class: 'push-head' }, h('span', { class: 'push-store', title: name }, name), h('span', null, 'now')),
    h('div', { class: 'push-text' }, h('p', { class: 'push-title' }, title), h('p', { class: 'push-body' }, body)),
  );
}

/**
 * The campaign's push as the example person would see it; until the server has rendered it, as it was written.
 * @param {Campaign} campaign
 * @param {Names} names
 */
export function pushPreview(campaign, names) {
  const { title, body, store_id, trigger } = campaign;
  const store = storeOf(campaign, names);
  const card = (/** @type {string} */ t, /** @type {string} */ b) =>
    pushCard(store?.name ?? 'Mall', store?.brand_color, t, b);
  const place = h('div', { class: 'push-place' }, card(title, body));
  if (!title) return place; // a first message that is no push has no text to render
  // zones may go while campaigns name them; a text does not need one
  renderPush({ title, body, store_id, zone_id: trigger.zone_ids.find((id) => names.zones.has(id)) ?? null })
    .then((rendered) =>
      fill(place, card(rendered.title, rendered.body), h('p', { class: 'quiet' }, `As ${EXAMPLE_NAME} would see it.`)),
    )
    .catch(() => {});
  return place;
}

/** @param {{title: string, body: string, store_id: string | null, zone_id: string | null}} draft @returns {Promise<{title: string, body: string, warnings?: string[]}>} */
export function renderPush(draft) {
  const given = Object.entries({ ...draft, first_name: EXAMPLE_NAME }).filter(([, value]) => value !== null);
  return post('/v1/campaigns/preview', Object.fromEntries(given));
}

/** @param {string[]} warnings */
export const warningList = (warnings) =>
  warnings.length > 0 &&
  h(
    'ul',
    { class: 'warnings' },
    warnings.map((text) => h('li', null, text)),
  );
