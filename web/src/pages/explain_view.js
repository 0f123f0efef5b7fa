/**
 * An explanation in plain words: what happened, the drawing, a line per zone with its numbers, events, messages with all
 * that held them back, and links to the rule behind each. Used by the page and by the panel on the map.
 */
import { get } from '../api.js';
import { fill, h } from '../ui/dom.js';
import { clock } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { failure, loading, pill } from '../ui/widgets.js';
import { eventKind, messageStatus, reasonText, verdictText } from '../ui/words.js';
import { loadScene, picture } from './explain_picture.js';

/** @import {ExplainMessage, Explanation, ZoneVerdict} from '../types' */

/** @type {Record<string, string>} */
const VERDICT_TONES = {
  entered: 'ok',
  inside: 'ok',
  pending: 'info',
  below_confidence: 'warn',
  wrong_level: 'warn',
  left: 'quiet',
  outside: 'quiet',
};
/** @type {Record<string, string>} */
const MESSAGE_TONES = {
  sent: 'ok',
  queued: 'info',
  sending: 'info',
  skipped: 'warn',
  failed: 'bad',
  misconfigured: 'bad',
  unknown: 'warn',
};
const CONSENTS = { location: 'location', marketing_push: 'pushes', personalisation: 'personal content' };

/**
 * Loads and shows an explanation in `root`.
 * @param {HTMLElement} root
 * @param {Record<string, string | number | null | undefined>} query as the API takes it
 * @param {{messageId?: string, signal?: AbortSignal}} [options] `messageId`: the message that was asked about comes first
 */
export async function showExplanation(root, query, { messageId, signal } = {}) {
  fill(root, loading('Looking at what happened…'));
  try {
    /** @type {Explanation} */
    const explanation = await get('/v1/explain', query, signal);
    const place = h('div', { class: 'explain-picture' });
    fill(root, view(explanation, place, messageId));
    fill(place, loading('Drawing…'));
    const scene = await loadScene(explanation);
    fill(
      place,
      scene
        ? picture(explanation, scene, place.clientWidth)
        : h('p', { class: 'picture-none' }, 'No position was kept in this time, so there is nothing to draw.'),
    );
  } catch (error) {
    if (!signal?.aborted)
      fill(
        root,
        failure(error, () => showExplanation(root, query, { messageId, signal })),
      );
  }
}

/** @param {Explanation} explanation @param {HTMLElement} place @param {string} [messageId] */
function view(explanation, place, messageId) {
  const { summary, device, zones, events, rejections, campaigns, from, to } = explanation;
  const messages = [...explanation.messages]
    .reverse()
    .sort((a, b) => Number(b.id === messageId) - Number(a.id === messageId));
  const zoneId = messages.find(({ id }) => id === messageId)?.zone_id;
  const nearby = [...zones].sort((a, b) => Number(b.zone_id === zoneId) - Number(a.zone_id === zoneId));
  return h(
    'div',
    { class: 'explain', 'data-testid': 'explanation' },
    h('p', { class: 'explain-summary', 'data-testid': 'explain-summary' }, summary),
    person(device, from, to),
    h(
      'div',
      { class: 'explain-columns' },
      place,
      h(
        'div',
        { class: 'explain-lists' },
        part(
          'Messages',
          messages.map((message) => messageLine(message, message.id === messageId)),
          'No message was decided in this time.',
        ),
        part('Zones nearby', nearby.map(zoneLine), 'No zone was near.'),
        campaigns.length > 0 &&
          part(
            'Campaigns that could have sent',
            campaigns.map((c) =>
              h(
                'li',
                { class: 'why-line' },
                h('div', { class: 'why-head' }, h('strong', null, c.campaign_name)),
                h('p', null, c.text),
                change(`/campaigns?id=${c.campaign_id}`),
              ),
            ),
          ),
        events.length > 0 &&
          part(
            'What was recorded',
            events.map((event) =>
              h(
                'li',
                { class: 'event-line' },
                h('time', { datetime: event.at }, clock(event.at)),
                h(
                  'span',
                  null,
                  `${eventKind(event.kind)} ${event.zone_name}`,
                  event.confidence !== null && `, confidence ${event.confidence.toFixed(2)}`,
                  event.late && ', came late',
                ),
              ),
            ),
          ),
        rejections.length > 0 &&
          part(
            'Positions that were not used',
            rejections.map((r) =>
              h('li', { class: 'event-line' }, h('time', { datetime: r.at }, clock(r.at)), h('span', null, r.text)),
            ),
          ),
      ),
    ),
  );
}

/** @param {Explanation['device']} device @param {string} from @param {string} to */
function person(device, from, to) {
  const consents = Object.entries(CONSENTS).map(([key, words]) => {
    const value = device.consents[key] ?? 'unknown';
    return pill(
      `${words}: ${value === 'granted' ? 'allowed' : value === 'denied' ? 'refused' : 'not asked'}`,
      value === 'granted' ? 'ok' : 'warn',
    );
  });
  return h(
    'p',
    { class: 'explain-person' },
    h('strong', null, device.first_name ?? 'Unknown shopper'),
    h('span', null, `${device.platform}${device.is_test ? ', test device' : ''}, ${clock(from)} to ${clock(to)}`),
    consents,
  );
}

/** @param {string} title @param {HTMLElement[]} lines @param {string} [none] */
function part(title, lines, none) {
  return h(
    'section',
    { class: 'why-part' },
    h('h2', null, title),
    lines.length ? h('ul', { class: 'why-list' }, lines) : h('p', { class: 'quiet' }, none),
  );
}

/** @param {ZoneVerdict} zone */
function zoneLine(zone) {
  return h(
    'li',
    { class: 'why-line', 'data-testid': 'verdict' },
    h(
      'div',
      { class: 'why-head' },
      h('strong', null, zone.name),
      zone.zone_version !== null && h('span', { class: 'quiet' }, `version ${zone.zone_version}`),
      pill(verdictText(zone.verdict), VERDICT_TONES[zone.verdict]),
    ),
    h('p', null, zone.text),
    zone.confidence !== null && zone.needed !== null && meter(zone.confidence, zone.needed),
    change(`/map?zone=${zone.zone_id}`),
  );
}

/** Confidence against what the zone needs. @param {number} value @param {number} needed */
function meter(value, needed) {
  return h(
    'div',
    {
      class: `meter ${value >= needed ? 'meter-ok' : ''}`,
      role: 'img',
      'aria-label': `Confidence ${value.toFixed(2)} of the ${needed.toFixed(2)} needed`,
    },
    h('span', { class: 'meter-value', style: { width: `${Math.min(100, value * 100)}%` } }),
    h('span', { class: 'meter-needed', style: { left: `${needed * 100}%` } }),
  );
}

/** @param {ExplainMessage} message @param {boolean} isAsked */
function messageLine(message, isAsked) {
  const blockers = message.blockers ?? [];
  const at = message.created_at ?? message.at;
  return h(
    'li',
    { class: `why-line ${isAsked ? 'why-asked' : ''}`, 'data-testid': 'explain-message' },
    h(
      'div',
      { class: 'why-head' },
      h('strong', null, message.title || message.campaign_name || 'Push'),
      pill(messageStatus(message.status), MESSAGE_TONES[message.status]),
    ),
    h(
      'p',
      { class: 'quiet' },
      [
        at && clock(at),
        message.campaign_name,
        message.zone_name && `${message.zone_name}${message.zone_version ? `, version ${message.zone_version}` : ''}`,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
    h('p', null, message.text),
    blockers.length > 0 &&
      h(
        'ul',
        { class: 'blockers', 'aria-label': 'Everything that held it back' },
        blockers.map((reason, i) => h('li', null, pill(reasonText(reason), i === 0 ? 'warn' : 'quiet'))),
      ),
    // the preview inbox is no push service: the text says it
    message.provider_answer &&
      message.provider_answer !== 'preview' &&
      h('p', { class: 'quiet' }, `The push service said: ${message.provider_answer}`),
    message.campaign_id && change(`/campaigns?id=${message.campaign_id}`),
  );
}

/** @param {string} href */
const change = (href) =>
  h('a', { href, class: 'change-rule', 'data-testid': 'change-rule' }, 'Change the rule', icon('next', 14));
