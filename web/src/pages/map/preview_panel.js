/**
 * What would have happened, had the zone under the editor been there in the last days: asked before it is published,
 * told in words and small bars. Numbers about fewer than ten people are not told, and what is missing is said.
 */
import { ApiError, stream } from '../../api.js';
import { fill, h, uid } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { day, duration, number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { draftBody } from './draft_body.js';

/** @import {Context, PreviewResult} from '../../types' */
/** @import {DraftSnapshot} from './editing.js' */
/** @import {Venue} from './venue.js' */

/** @type {[string, string][]} */
const DAYS = [
  ['1', 'today'],
  ['2', '2 days'],
  ['3', '3 days'],
  ['7', '7 days'],
];
const FEWER = 'fewer than 10';

/**
 * @param {{context: Context, venue: () => Venue | null, onWalk: () => void}} options `onWalk` offers a test walk instead
 */
export function makePreviewPanel({ context, venue, onWalk }) {
  /** @type {DraftSnapshot | null} */
  let draft = null;
  /** What the shown answer was about. */
  let answered = '';
  let abort = new AbortController();
  const id = uid('preview');
  const days = selectField('Look back', DAYS, '3', { testid: 'preview-days' });
  const start = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'preview-zone', on: { click: run } },
    icon('clock', 18),
    'What would have happened',
  );
  const bar = h('progress', { max: 1, 'aria-label': 'Looking at the visits of the last days' });
  const progress = h(
    'div',
    { class: 'preview-progress', hidden: true },
    bar,
    h(
      'button',
      { type: 'button', class: 'button button-small', 'data-testid': 'preview-stop', on: { click: stop } },
      'Stop',
    ),
  );
  const output = h('div', { class: 'preview-result', 'data-testid': 'preview-result' });
  const stale = h(
    'p',
    { class: 'preview-stale', hidden: true, 'data-testid': 'preview-stale' },
    'The zone has changed since: look again.',
  );
  const node = h(
    'section',
    { class: 'look-back', 'aria-labelledby': id, 'data-testid': 'zone-preview', hidden: true },
    h('h3', { id }, 'Preview'),
    h('div', { class: 'preview-ask' }, days.node, start),
    progress,
    stale,
    output,
  );

  const question = () => {
    const place = venue();
    const body = place && draftBody(place, draft);
    if (!body) return null;
    const { geometry, properties, zone_id } = body;
    return { feature: { type: 'Feature', geometry, properties }, ...(zone_id && { zone_id }) };
  };

  function stop() {
    abort.abort();
    progress.hidden = true;
    start.disabled = false;
  }

  async function run() {
    const about = question();
    if (!about) return;
    stop();
    abort = new AbortController();
    const { signal } = abort;
    answered = JSON.stringify(about);
    stale.hidden = true;
    fill(output);
    bar.removeAttribute('value');
    progress.hidden = false;
    start.disabled = true;
    try {
      await stream(
        '/v1/zones/preview',
        { ...about, days: Number(days.input.value) },
        { signal, onLine: (line) => !signal.aborted && take(line) },
      );
    } catch (error) {
      if (!signal.aborted) fill(output, h('p', { class: 'preview-note', role: 'alert' }, failure(error)));
    }
    if (!signal.aborted) stop();
  }

  /** @param {{progress?: {done: number, total: number}, result?: PreviewResult, error?: {detail?: string}}} line */
  function take({ progress: now, result }) {
    if (now?.total) bar.value = now.done / now.total;
    if (!result) return;
    fill(output, view(result, onWalk));
    context.announce(`Preview: ${headline(result)}`);
  }

  return {
    node,
    /** @param {DraftSnapshot | null} next */
    changed(next) {
      if (!next || draft?.zoneId !== next.zoneId) {
        stop();
        answered = '';
        fill(output);
      }
      draft = next;
      const about = question();
      node.hidden = !about;
      stale.hidden = !answered || JSON.stringify(about) === answered;
    },
  };
}

/** @param {unknown} error */
const failure = (error) =>
  error instanceof ApiError && error.status === 422
    ? `The form is not right yet: ${explain(error)}`
    : `The preview failed: ${explain(error)}`;

/** @param {PreviewResult} result */
function headline({ visits, people }) {
  if (visits === 0) return 'Nobody would have been counted.';
  const who = people === null ? `${FEWER} people` : `${number(people)} ${people === 1 ? 'person' : 'people'}`;
  return visits === null ? `Visits by ${who}.` : `${number(visits)} ${visits === 1 ? 'visit' : 'visits'} by ${who}.`;
}

/** @param {PreviewResult} result @param {() => void} onWalk */
function view(result, onWalk) {
  if (result.devices_looked_at === 0) return nobody(onWalk);
  const { dwell, complete, overlaps } = result;
  return [
    h('p', { class: 'preview-headline', 'data-testid': 'preview-headline' }, headline(result)),
    !complete &&
      h(
        'p',
        { class: 'preview-note' },
        'Only a part of what was recorded could be looked at: the true numbers are higher.',
      ),
    result.note && h('p', { class: 'preview-note' }, result.note),
    dayBars(result),
    dwell.median_s !== null &&
      h(
        'p',
        null,
        'Typical stay ',
        h('b', { 'data-testid': 'preview-stay' }, duration(Math.round(dwell.median_s))),
        '.',
      ),
    messages(result),
    overlaps.length > 0 &&
      h(
        'p',
        { class: 'preview-overlaps' },
        'Shares ground with ',
        overlaps.map(({ name, share }) => `${name ?? 'another zone'} (${Math.round(share * 100)} %)`).join(', '),
        '.',
      ),
    (result.visits === null || result.people === null) &&
      h('p', { class: 'preview-quiet' }, 'Numbers about fewer than ten people are not told.'),
  ];
}

/** @param {() => void} onWalk */
const nobody = (onWalk) => [
  h('p', { class: 'preview-headline', 'data-testid': 'preview-headline' }, 'No phone has been here in that time.'),
  h('p', null, 'So there is nothing to look back on yet. Walk through the zone yourself, as a visitor of the map:'),
  h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'preview-walk', on: { click: onWalk } },
    icon('walk', 18),
    'Test walk',
  ),
];

/** @param {PreviewResult} result */
function dayBars({ by_day }) {
  const most = Math.max(1, ...by_day.map(({ visits }) => visits ?? 0));
  if (by_day.length < 2 && by_day[0]?.visits !== null) return null;
  return h(
    'ul',
    { class: 'day-bars', 'aria-label': 'Visits a day' },
    by_day.map(({ on, visits }) =>
      h(
        'li',
        null,
        h('span', null, day(`${on}T12:00:00Z`)),
        h(
          'span',
          { class: 'day-bar', 'aria-hidden': 'true' },
          h('span', { style: { width: `${(100 * (visits ?? 0)) / most}%` } }),
        ),
        h('b', null, visits === null ? FEWER : number(visits)),
      ),
    ),
  );
}

/** @param {PreviewResult} result */
function messages({ messages: { would_send, by_campaign } }) {
  const sent =
    would_send === null
      ? 'Messages would have gone out; how many is not told.'
      : `${number(would_send)} ${would_send === 1 ? 'message' : 'messages'} would have gone out.`;
  return h(
    'div',
    { class: 'preview-messages' },
    h('p', { 'data-testid': 'preview-messages' }, would_send === 0 ? 'No message would have gone out.' : sent),
    by_campaign.length > 0 &&
      h(
        'ul',
        null,
        by_campaign.map(({ name, would_send: count }) =>
          h('li', null, h('span', null, name), h('b', null, count === null ? FEWER : number(count))),
        ),
      ),
  );
}
