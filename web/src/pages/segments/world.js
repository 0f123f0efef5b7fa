/** What a definition may speak of, by name, as the builder's dropdowns and suggestions need it. Pure. */
import { toLocalField } from '../../ui/format.js';

/** @import {Option} from './parts.js' */
/** @import {Vocabulary} from './shapes.js' */
/**
 * @typedef {object} World
 * @property {string} today the date where the tenant is
 * @property {string} currency the one that is offered first
 * @property {string | null} storeId whose segment it is; null: the tenant's
 * @property {Option[]} stores
 * @property {Option[]} zones
 * @property {Option[]} zoneKinds
 * @property {Option[]} malls
 * @property {Option[]} campaigns
 * @property {Option[]} segments
 * @property {Option[]} lists
 * @property {Option[]} channels
 * @property {Option[]} purposes
 * @property {Option[]} consentStates
 * @property {Option[]} stages
 * @property {Option[]} declines
 * @property {Vocabulary['traits']} traits
 * @property {Vocabulary['events']} events
 * @property {string[]} categories
 * @property {string[]} brands
 */

/** Names twice the same get their number: "Kiosk", "Kiosk (2)". @param {{id: string, name: string}[]} things @returns {Option[]} */
function named(things) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return things.map(({ id, name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [id, count > 1 ? `${name} (${count})` : name];
  });
}

/** @param {{value: string, label: string}[]} choices @returns {Option[]} */
const labelled = (choices) => choices.map(({ value, label }) => [value, label]);

/**
 * @param {Vocabulary} vocabulary @param {{storeId: string | null, segmentId: string | null}} segment
 * @param {number} [now]
 * @returns {World}
 */
export function worldOf(vocabulary, { storeId, segmentId }, now = Date.now()) {
  const stores = vocabulary.stores.filter(({ id }) => !storeId || id === storeId);
  return {
    today: toLocalField(new Date(now).toISOString()).slice(0, 10),
    currency: vocabulary.currency ?? 'EUR',
    storeId,
    stores: named(stores),
    zones: named(vocabulary.zones),
    zoneKinds: labelled(vocabulary.zone_kinds),
    malls: named(vocabulary.malls),
    campaigns: named(vocabulary.campaigns),
    segments: named(vocabulary.segments.filter(({ id }) => id !== segmentId)),
    lists: named(vocabulary.lists),
    channels: labelled(vocabulary.channels),
    purposes: labelled(vocabulary.purposes),
    consentStates: labelled(vocabulary.consent_states),
    stages: labelled(vocabulary.stages),
    declines: labelled(vocabulary.declines),
    traits: vocabulary.traits,
    events: vocabulary.events,
    categories: vocabulary.categories,
    brands: vocabulary.brands,
  };
}
