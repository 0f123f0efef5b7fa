/** What the stores page knows: all stores, their zones, owners, and the malls with their outlines. */
import { getAll } from '../../api.js';
import { area, makeFrame, shapeFromGeoJson } from '../../geo.js';
import { number } from '../../ui/format.js';

/** @import {GeoJson, Level, LonLat, Mall, Owner, Store, Zone} from '../../types' */

/** @typedef {Awaited<ReturnType<typeof loadCity>>} City */

/** @param {AbortSignal} [signal] */
export async function loadCity(signal) {
  /** @type {[Store[], Zone[], Owner[], Mall[]]} */
  const [stores, zones, owners, malls] = await Promise.all([
    getAll('/v1/stores', {}, signal),
    getAll('/v1/zones', {}, signal),
    getAll('/v1/owners', {}, signal),
    getAll('/v1/malls', {}, signal),
  ]);
  /** @type {Level[][]} */
  const levels = await Promise.all(malls.map((mall) => getAll(`/v1/malls/${mall.id}/levels`, {}, signal)));
  stores.sort((a, b) => a.properties.name.localeCompare(b.properties.name));
  return makeCity({ stores, zones, owners, malls, levels: levels.flat() });
}

/** @param {{stores: Store[], zones: Zone[], owners: Owner[], malls: Mall[], levels: Level[]}} all */
function makeCity({ stores, zones, owners, malls, levels }) {
  return {
    stores,
    malls,
    owners,
    zones,
    /** The level nearest to the ground: what of a mall is seen from above. */
    outlines: malls.flatMap((mall) => {
      const own = levels.filter(({ properties }) => properties.mall_id === mall.id);
      own.sort((a, b) => Math.abs(a.properties.ordinal) - Math.abs(b.properties.ordinal));
      return own.length ? [{ mall, geometry: own[0].geometry }] : [];
    }),
    /** @param {string} id */
    store: (id) => stores.find((store) => store.id === id) ?? null,
    /** @param {string} id */
    zonesOf: (id) => zones.filter(({ properties }) => properties.store_id === id),
    /** @param {Store} store */
    owner: (store) => owners.find(({ id }) => id === store.properties.owner_id)?.name ?? null,
    /** Where it is, in words. @param {Store} store */
    where({ properties }) {
      const mall = malls.find(({ id }) => id === properties.mall_id);
      if (!mall) return properties.address ?? 'On a street';
      const level = levels.find(
        (item) => item.properties.mall_id === mall.id && item.properties.ordinal === properties.level,
      );
      return level ? `${mall.name}, ${level.properties.name.toLowerCase()}` : mall.name;
    },
  };
}

/** @param {Store} store @returns {LonLat} */
export const placeOf = ({ properties, geometry }) => properties.point ?? geometry.coordinates;

/** `150 m around`, or its area. @param {{geometry: GeoJson, radius: number | null | undefined}} zone */
export function sizeText({ geometry, radius }) {
  if (radius) return `${number(radius)} m around`;
  let first = geometry.coordinates;
  while (Array.isArray(first[0])) first = first[0];
  const square = area(shapeFromGeoJson(makeFrame({ origin: first, bearing_deg: 0 }), geometry));
  return square >= 1e5 ? `${number(Math.round(square / 1e4) / 100)} km²` : `${number(Math.round(square))} m²`;
}
