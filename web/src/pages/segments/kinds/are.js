/** Conditions on who somebody is: traits, where they live, how they may be reached, segments and lists. */
import { choice, narrowed, text, words } from '../parts.js';
import { scaled } from './tests.js';
import { DATE_OPS, VALUE_OPS, valueTest } from './values.js';

/** @import {Option} from '../parts.js' */
/** @import {World} from '../world.js' */
/** @import {Condition} from '../tree.js' */
/** @import {Kind} from './index.js' */

/** @type {Kind} */
export const trait = {
  title: 'Trait',
  about: 'What is known of the person: language, birthday, anything that was sent',
  start: () => ({ kind: 'trait', name: '', op: 'eq', value: '' }),
  parts: (condition, { today, traits }) => ({
    parts: [
      words('the trait'),
      text(condition, 'name', 'Name of the trait', { known: traits.map(({ name }) => name) }),
      ...valueTest(condition, [...VALUE_OPS, ...DATE_OPS], today, valuesOf(condition.name, traits)),
    ],
    narrow: [],
  }),
};

/** What the trait usually says. @param {string} name @param {World['traits']} traits */
const valuesOf = (name, traits) => (traits.find((one) => one.name === name)?.values ?? []).map(String);

/** @type {Option[]} */
const PLACES = [
  ['home', 'they live'],
  ['last_known', 'they were last seen'],
];
/** @type {Option[]} */
const NEARNESS = [
  ['within', 'within'],
  ['nearest', 'nearer than to any other store to'],
  ['inside', 'inside the zone'],
];

/** @param {Condition} condition */
const nearness = (condition) =>
  'inside_zone_id' in condition ? 'inside' : 'nearest_store_id' in condition ? 'nearest' : 'within';

/** @type {Kind} */
export const place = {
  title: 'Where they live',
  about: 'Near a store, nearest to a store, inside a delivery area; by home area or last known place',
  start: () => ({ kind: 'place', of: 'home', within_km: 5, store_id: '' }),
  parts(condition, world) {
    const how = nearness(condition);
    return {
      parts: [
        choice(condition, 'of', 'Which place', PLACES),
        {
          ...choice(condition, 'how', 'How near', NEARNESS),
          value: how,
          set: (was, next) => ({ kind: 'place', of: was.of, ...placed(was, next) }),
        },
        ...placeParts(condition, how, world),
      ],
      narrow: [],
    };
  },
};

/** @param {Condition} was @param {string} how */
function placed(was, how) {
  const store = was.store_id ?? was.nearest_store_id ?? '';
  if (how === 'inside') return { inside_zone_id: '' };
  return how === 'nearest' ? { nearest_store_id: store } : { within_km: 5, store_id: store };
}

/** @param {Condition} condition @param {string} how @param {World} world */
function placeParts(condition, how, { stores, zones }) {
  if (how === 'inside') return [choice(condition, 'inside_zone_id', 'Zone', zones)];
  if (how === 'nearest') return [choice(condition, 'nearest_store_id', 'Store', stores)];
  const km = scaled(
    {
      key: 'within_km',
      words: 'Kilometres',
      value: condition.within_km,
      set: (was, within_km) => ({ ...was, within_km }),
    },
    { unit: 'km of', min: 0.5, max: 1000 },
  );
  return [km, choice(condition, 'store_id', 'Store', stores)];
}

/** @type {Kind} */
export const reachable = {
  title: 'Reachable',
  about: 'A message would go out now: address, consent, nothing against it',
  start: () => ({ kind: 'reachable', channel: 'push', purpose: 'marketing' }),
  parts: (condition, { channels, purposes }) => ({
    parts: [
      words('they can be reached by'),
      choice(condition, 'channel', 'Channel', channels),
      choice({ purpose: 'marketing', ...condition }, 'purpose', 'Purpose', purposes, { lead: 'for' }),
    ],
    narrow: [],
  }),
};

/** @type {Kind} */
export const consent = {
  title: 'Consent',
  about: 'What they decided for a channel and a purpose',
  start: () => ({ kind: 'consent', channel: 'email', purpose: 'marketing', state: 'subscribed' }),
  parts(condition, { stores, channels, purposes, consentStates }) {
    const extras = narrowed(condition, [
      {
        key: 'store_id',
        words: 'to one store',
        start: '',
        part: (c) => choice(c, 'store_id', 'Store', stores, { lead: 'to' }),
      },
    ]);
    return {
      parts: [
        words('their consent to'),
        choice(condition, 'channel', 'Channel', channels),
        choice(condition, 'purpose', 'Purpose', purposes, { lead: 'for' }),
        choice(condition, 'state', 'Decision', consentStates, { lead: 'is' }),
        ...extras.parts,
      ],
      narrow: extras.narrow,
    };
  },
};

/** @type {Kind} */
export const inSegment = {
  title: 'Another segment',
  about: 'They are in it',
  start: () => ({ kind: 'in_segment', segment_id: '' }),
  parts: (condition, { segments }) => ({
    parts: [words('they are in the segment'), choice(condition, 'segment_id', 'Segment', segments)],
    narrow: [],
  }),
};

/** @type {Kind} */
export const inList = {
  title: 'A list',
  about: 'They are on a list that was uploaded',
  start: () => ({ kind: 'in_list', list_id: '' }),
  parts: (condition, { lists }) => ({
    parts: [words('they are on the list'), choice(condition, 'list_id', 'List', lists)],
    narrow: [],
  }),
};
