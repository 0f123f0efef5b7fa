/** The conditions that marketers ask for most, one click each. Pure. */
import { lastYear } from './windows.js';

/** @import {Condition} from './tree.js' */
/** @import {World} from './world.js' */
/**
 * @typedef {object} Preset
 * @property {string} key
 * @property {string} words
 * @property {(world: World) => Condition} make
 * @property {boolean} [ofTenant] looks at more than one store may see
 */

/** A year has 52.14 weeks: whoever bought on every Saturday of one bought 0.997 times a week, and people have holidays. */
const WEEKLY = 0.9;

/** @type {Preset[]} */
export const PRESETS = [
  {
    key: 'weekly',
    words: 'Bought weekly last year',
    make: ({ today }) => ({ kind: 'order', measure: 'per_week', op: 'gte', value: WEEKLY, window: lastYear(today) }),
  },
  {
    key: 'down',
    words: 'Down ≥ 30 % against own habit',
    make: () => ({ kind: 'habit', of: 'frequency', down_percent: 30 }),
    ofTenant: true,
  },
  {
    key: 'gap',
    words: 'Longer away than usual for them',
    make: () => ({ kind: 'habit', of: 'gap', beyond_percentile: 80 }),
    ofTenant: true,
  },
  {
    key: 'near',
    words: 'Lives within 5 km of a store',
    make: ({ stores, storeId }) => ({
      kind: 'place',
      of: 'home',
      within_km: 5,
      store_id: storeId ?? (stores.length === 1 ? stores[0][0] : ''),
    }),
  },
  {
    key: 'push',
    words: 'Reachable by push',
    make: () => ({ kind: 'reachable', channel: 'push', purpose: 'marketing' }),
  },
  {
    key: 'email',
    words: 'Reachable by e-mail',
    make: () => ({ kind: 'reachable', channel: 'email', purpose: 'marketing' }),
  },
  {
    key: 'never',
    words: 'Never bought',
    make: () => ({ kind: 'order', measure: 'count', op: 'eq', value: 0, window: { ever: true } }),
  },
  {
    key: 'visited',
    words: 'Visited in the last 30 days',
    make: () => ({ kind: 'visit', measure: 'count', op: 'gte', value: 1, window: { days: 30 } }),
  },
  {
    key: 'inside',
    words: 'Inside now',
    make: () => ({ kind: 'visit', measure: 'now' }),
  },
  {
    key: 'at_risk',
    words: 'At risk',
    make: () => ({ kind: 'metric', name: 'stage', op: 'in', value: ['at_risk'] }),
    ofTenant: true,
  },
];

/** Those that the segment of a store may have too. @param {World} world */
export const presetsFor = ({ storeId }) => PRESETS.filter(({ ofTenant }) => !storeId || !ofTenant);
