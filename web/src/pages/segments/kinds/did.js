/** Conditions on what somebody did: events of site and app, visits, messages. */
import { choice, narrowed, setter, text, without, words } from '../parts.js';
import { windowParts } from '../windows.js';
import { comparison, fitted, MOMENT_OPS, NUMBER_OPS } from './tests.js';
import { filterParts } from './filters.js';

/** @import {Option} from '../parts.js' */
/** @import {Condition} from '../tree.js' */
/** @import {Kind} from './index.js' */

const MOMENTS = new Set(['first', 'last']);
/** @type {Option[]} */
const EVENT_MEASURES = [
  ['count', 'how often:'],
  ['last', 'the last time was'],
  ['first', 'the first time was'],
  ['sum', 'the sum of'],
  ['average', 'the average of'],
  ['min', 'the smallest'],
  ['max', 'the largest'],
];
const OF_PROPERTY = new Set(['sum', 'average', 'min', 'max']);

/** @param {Condition} was @param {string} measure @param {string} today */
function withMeasure(was, measure, today) {
  const isMoment = MOMENTS.has(measure);
  if (isMoment === MOMENTS.has(was.measure) && was.op) return { ...was, measure };
  const op = isMoment ? 'within_days' : 'gte';
  return { ...was, measure, op, value: fitted(op, null, today) };
}

/** @type {Kind} */
export const event = {
  title: 'Events of site and app',
  about: 'Did or did not do something: how often, when, a figure over a property',
  start: () => ({ kind: 'event', name: '', measure: 'count', op: 'gte', value: 1, window: { days: 30 } }),
  parts(condition, { today, events }) {
    const { measure } = condition;
    const known = events.find(({ name }) => name === condition.name);
    const filters = filterParts(condition, known?.properties ?? []);
    return {
      parts: [
        words('they did'),
        text(condition, 'name', 'Event or page', { known: events.map(({ name }) => name) }),
        choice(condition, 'measure', 'What of it', EVENT_MEASURES, {
          set: (was, next) => {
            const changed = withMeasure(was, next, today);
            return OF_PROPERTY.has(next) ? { property: '', ...changed } : without(changed, 'property');
          },
        }),
        ...(OF_PROPERTY.has(measure) ? [text(condition, 'property', 'Property', { known: known?.numbers })] : []),
        ...comparison(
          condition,
          MOMENTS.has(measure) ? MOMENT_OPS : NUMBER_OPS,
          today,
          measure === 'count' ? { unit: 'times', step: 1 } : {},
        ),
        ...windowParts(condition, today),
        ...filters.parts,
      ],
      narrow: filters.narrow,
    };
  },
};

/** @type {Option[]} */
const VISIT_MEASURES = [
  ['count', 'the number of visits is'],
  ['dwell_minutes', 'all the time inside is'],
  ['last', 'the last visit was'],
  ['first', 'the first visit was'],
  ['now', 'they are inside now'],
];
/** @type {Record<string, {unit: string, step?: number}>} */
const VISIT_SCALES = { count: { unit: 'visits', step: 1 }, dwell_minutes: { unit: 'minutes' } };

/** @type {Kind} */
export const visit = {
  title: 'Visits',
  about: 'Of a zone, a kind of zone, a store or a mall: how often, how long, when, inside now',
  start: () => ({ kind: 'visit', measure: 'count', op: 'gte', value: 1, window: { days: 30 } }),
  parts(condition, world) {
    const { measure } = condition;
    const isNow = measure === 'now';
    const places = narrowed(condition, [
      {
        key: 'store_id',
        words: 'of a store',
        start: '',
        part: (c) => choice(c, 'store_id', 'Store', world.stores, { lead: 'of' }),
      },
      {
        key: 'zone_id',
        words: 'of a zone',
        start: '',
        part: (c) => choice(c, 'zone_id', 'Zone', world.zones, { lead: 'of' }),
      },
      {
        key: 'zone_kind',
        words: 'of a kind of zone',
        start: 'store',
        part: (c) => choice(c, 'zone_kind', 'Kind of zone', world.zoneKinds, { lead: 'of the kind' }),
      },
      {
        key: 'mall_id',
        words: 'of a mall',
        start: '',
        part: (c) => choice(c, 'mall_id', 'Mall', world.malls, { lead: 'of' }),
      },
    ]);
    const tests = isNow
      ? []
      : [
          ...comparison(condition, MOMENTS.has(measure) ? MOMENT_OPS : NUMBER_OPS, world.today, VISIT_SCALES[measure]),
          ...windowParts(condition, world.today),
        ];
    return {
      parts: [
        choice(condition, 'measure', 'What of the visits', VISIT_MEASURES, {
          set: (was, next) => visitMeasure(was, next, world.today),
        }),
        ...tests,
        ...places.parts,
      ],
      narrow: places.narrow,
    };
  },
};

/** @param {Condition} was @param {string} measure @param {string} today @returns {Condition} */
function visitMeasure(was, measure, today) {
  if (measure !== 'now') return withMeasure({ window: { days: 30 }, ...was }, measure, today);
  return without(without(without({ ...was, measure }, 'op'), 'value'), 'window');
}

/** @type {Option[]} */
const MESSAGE_WHAT = [
  ['received', 'received'],
  ['opened', 'opened'],
  ['clicked', 'opened the link of'],
  ['converted', 'bought after'],
];
/** @type {Option[]} */
const MESSAGE_CHANNELS = [
  ['push', 'push on a phone'],
  ['web_push', 'push in a browser'],
  ['preview', 'inbox of simulated phones'],
];

/** @type {Kind} */
export const message = {
  title: 'Messages',
  about: 'Received, opened, followed, bought after; of all campaigns or of one',
  start: () => ({ kind: 'message', what: 'opened', op: 'gte', value: 1, window: { days: 30 } }),
  parts(condition, world) {
    const extras = narrowed(condition, [
      {
        key: 'campaign_id',
        words: 'of one campaign',
        start: '',
        part: (c) => choice(c, 'campaign_id', 'Campaign', world.campaigns, { lead: 'of' }),
      },
      {
        key: 'channel',
        words: 'by one channel',
        start: 'push',
        part: (c) => choice(c, 'channel', 'Channel', MESSAGE_CHANNELS, { lead: 'by' }),
      },
    ]);
    return {
      parts: [
        words('they'),
        choice(condition, 'what', 'What they did', MESSAGE_WHAT, { set: setter('what') }),
        ...comparison(condition, NUMBER_OPS, world.today, { unit: 'messages', step: 1 }),
        ...windowParts(condition, world.today),
        ...extras.parts,
      ],
      narrow: extras.narrow,
    };
  },
};
