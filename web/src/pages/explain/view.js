/**
 * An explanation in plain words: what happened, the picture that can be played, a line per zone with its numbers, events,
 * messages and campaigns with every check in order, and links to the rule behind each. Used by the page and by the panel on the map.
 */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { clock, duration } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { failure, loading, pill } from '../../ui/widgets.js';
import { checkText, eventKind, messageStatus, reasonText, verdictText } from '../../ui/words.js';
import { makePlayer } from './player.js';
import { loadScene } from './scene.js';
import { makeStory } from './story.js';

/** @import {Check, ExplainMessage, Explanation, ZoneVerdict} from '../../types' */

/** @type {Record<string, string>} */
const VERDICT_TONES = {
  entered: 'ok',
  inside: 'ok',
  pending: 'info',
  below_confidence: 'warn',
  wrong_level: 'warn',
  left: 'quiet',
  outside: 'quiet',
  retracted: 'bad',
  closed: 'info',
  not_in_force: 'info',
};
/** Of zones that were not entered those are told at once that came so near; the others on demand. */
const NEAR_MISS = 0.1;
const MISSES = new Set(['outside', 'below_confidence']);
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
    /** @type {{seek: (at: number) => void, node: HTMLElement} | null} */
    let player = null;
    /** @param {string} at */
    const seek = (at) => {
      player?.seek(Date.parse(at));
      player?.node.scrollIntoView({ block: 'nearest' });
    };
    fill(root, view(explanation, place, seek, messageId));
    const story = makeStory(explanation);
    if (!story) {
      fill(place, h('p', { class: 'picture-none' }, 'No position was kept in this time, so there is nothing to draw.'));
      return;
    }
    fill(place, loading('Drawing…'));
    const last = explanation.fixes[explanation.fixes.length - 1];
    const scene = await loadScene([last.lon, last.lat], signal);
    player = makePlayer(explanation, story, scene, {
      widthPx: place.clientWidth,
      at: momentOf(explanation, messageId),
    });
    fill(place, player.node);
  } catch (error) {
    if (!signal?.aborted)
      fill(
        root,
        failure(error, () => showExplanation(root, query, { messageId, signal })),
      );
  }
}

/** The moment to begin at: of the message asked about, else the first thing that was recorded, else the end.
 * @param {Explanation} explanation @param {string} [messageId] */
function momentOf({ messages, events }, messageId) {
  const message = messages.find(({ id }) => id === messageId);
  const event = events.find(({ zone_id: id }) => id === message?.zone_id) ?? events[0];
  return event ? Date.parse(event.at) : null;
}

/** @param {Explanation} explanation @param {HTMLElement} place @param {(at: string) => void} seek @param {string} [messageId] */
function view(explanation, place, seek, messageId) {
  const { summary, device, zones, events, rejections, campaigns, from, to } = explanation;
  const messages = [...explanation.messages]
    .reverse()
    .sort((a, b) => Number(b.id === messageId) - Number(a.id === messageId));
  const zoneId = messages.find(({ id }) => id === messageId)?.zone_id;
  const nearby = [...zones].sort((a, b) => Number(b.zone_id === zoneId) - Number(a.zone_id === zoneId));
  const far = nearby.filter(({ verdict, confidence }) => MISSES.has(verdict) && confidence < NEAR_MISS);
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
        events.length > 0 &&
          part(
            'What was recorded',
            events.map((event) => eventLine(event, seek)),
          ),
        part(
          'Zones nearby',
          nearby.filter((zone) => !far.includes(zone)).map((zone) => zoneLine(zone, seek)),
          far.length ? 'None was near enough to matter.' : 'No zone was near.',
        ),
        far.length > 0 &&
          more(
            `${far.length} further off`,
            far.map((zone) => zoneLine(zone, seek)),
          ),
        campaigns.length > 0 &&
          more(
            `${campaigns.length} ${campaigns.length === 1 ? 'campaign' : 'campaigns'} that could have sent`,
            campaigns.map(campaignLine),
            'silent-campaigns',
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

/** @param {import('../../types').VisitSpan} visit */
const spanWords = ({ entered_at: from, exited_at: to }) =>
  `${clock(from)} ${to ? `to ${clock(to)}` : 'and still there'}`;

/** @param {string} title @param {HTMLElement[]} lines @param {string} [testid] */
const more = (title, lines, testid) =>
  h(
    'details',
    { class: 'why-more', 'data-testid': testid },
    h('summary', null, title),
    h('ul', { class: 'why-list' }, lines),
  );

/** @param {Explanation['campaigns'][0]} campaign */
const campaignLine = ({ campaign_id: id, campaign_name: name, zone_name: zone, text, checks }) =>
  h(
    'li',
    { class: 'why-line' },
    h('div', { class: 'why-head' }, h('strong', null, name), h('span', { class: 'quiet' }, `waits at ${zone}`)),
    h('p', null, text),
    checkList(checks),
    change(`/campaigns?id=${id}`),
  );

/** @param {Explanation['events'][0]} event @param {(at: string) => void} seek */
function eventLine(event, seek) {
  const numbers = [
    event.dwell_s !== null && `mark ${duration(event.dwell_s)}`,
    event.confidence !== null && `confidence ${event.confidence.toFixed(2)}`,
    event.by_silence && 'in silence',
    event.late && 'came late',
    event.zone_version !== null && `version ${event.zone_version}`,
  ].filter(Boolean);
  return h(
    'li',
    { class: 'event-line', 'data-testid': 'explain-event' },
    h(
      'button',
      {
        type: 'button',
        class: 'link event-time',
        title: 'Show this moment',
        'aria-label': `${clock(event.at)}: show this moment`,
        on: { click: () => seek(event.at) },
      },
      clock(event.at),
    ),
    h(
      'span',
      null,
      `${eventKind(event.kind)} ${event.zone_name}: ${event.text}`,
      event.visit && event.before && `; ${spanWords(event.visit)}, told before: ${spanWords(event.before)}.`,
      h('span', { class: 'quiet' }, ` ${numbers.join(', ')}`),
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

/** @param {ZoneVerdict} zone @param {(at: string) => void} seek */
function zoneLine(zone, seek) {
  return h(
    'li',
    { class: 'why-line', 'data-testid': 'verdict' },
    h(
      'div',
      { class: 'why-head' },
      h('strong', null, zone.name),
      h('span', { class: 'quiet' }, `version ${zone.zone_version}`),
      pill(verdictText(zone.verdict), VERDICT_TONES[zone.verdict]),
    ),
    h('p', null, zone.text),
    meter(zone.confidence, zone.needed),
    h('p', { class: 'why-numbers' }, numbersOf(zone)),
    h(
      'div',
      { class: 'why-links' },
      change(`/map?zone=${zone.zone_id}`),
      h('button', { type: 'button', class: 'link', on: { click: () => seek(zone.at) } }, `Show ${clock(zone.at)}`),
    ),
  );
}

/** The numbers of the closest moment, and what the zone asks for. @param {ZoneVerdict} zone */
function numbersOf(zone) {
  const { s_m: s, accuracy_m: a, share, level_p: level, trust, confidence, needed, rules } = zone;
  const where = `s ${s.toFixed(1)} m, a ±${a.toFixed(0)} m`;
  const product = `share ${share.toFixed(2)} × floor ${level.toFixed(2)} × trust ${trust.toFixed(2)} = ${confidence.toFixed(2)}`;
  const asks = `in after ${rules.enter_s} s, out beyond ${rules.exit_tolerance_m} m + a for ${rules.exit_s} s`;
  return `${where} · ${product}, needs ${needed.toFixed(2)} · ${asks}`;
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
    h('p', { class: 'why-numbers' }, deliveryOf(message)),
    h(
      'details',
      { class: 'why-checks', open: isAsked, 'data-testid': 'message-checks' },
      h('summary', null, checksTitle(message.checks)),
      checkList(message.checks),
      message.campaign_changed &&
        h('p', { class: 'quiet' }, 'The campaign was edited since; its settings are shown as they are now.'),
    ),
    message.campaign_id && change(`/campaigns?id=${message.campaign_id}`),
  );
}

/** What became of it on its way. @param {ExplainMessage} message */
function deliveryOf(message) {
  const {
    channel,
    attempts,
    sent_at: sent,
    received_at: received,
    opened_at: opened,
    provider_answer: answer,
  } = message;
  return [
    channel && `by ${channel === 'preview' ? 'the preview inbox' : channel}`,
    attempts > 1 && `${attempts} attempts`,
    sent && `handed over ${clock(sent)}`,
    // the preview inbox is no push service: the text says it
    answer && answer !== 'preview' && `the push service said: ${answer}`,
    received && `received ${clock(received)}`,
    opened && `opened ${clock(opened)}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** @param {Check[]} checks */
function checksTitle(checks) {
  const held = checks.filter(({ passed }) => passed === false).length;
  const asked = checks.filter(({ passed }) => passed !== null).length;
  return held ? `${held} of ${asked} checks held it back` : `All ${asked} checks passed`;
}

/** Every check in order. @param {Check[]} checks */
const checkList = (checks) =>
  h(
    'ol',
    { class: 'checks' },
    checks.map(({ check, passed, text }) =>
      h(
        'li',
        { class: `check-line ${passed === false ? 'check-held' : passed ? 'check-passed' : 'check-open'}` },
        passed === null ? h('span', { class: 'check-none' }, '–') : icon(passed ? 'check' : 'close', 14),
        h(
          'span',
          null,
          h('span', { class: 'visually-hidden' }, passed === null ? 'not asked: ' : passed ? 'passed: ' : 'held: '),
          h('b', null, checkText(check)),
          ` ${text}`,
        ),
      ),
    ),
  );

/** @param {string} href */
const change = (href) =>
  h('a', { href, class: 'change-rule', 'data-testid': 'change-rule' }, 'Change the rule', icon('next', 14));
