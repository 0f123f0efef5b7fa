/**
 * One mall as the map page needs it: levels, units, shops and zones, their shapes in the mall's metres.
 *
 * Outdoor zones (no mall, no level) near the mall are shown with the ground floor. Kept beside the page, knows no map.
 */
import { call, get, getAll } from '../../api.js';
import { bounds, contains, makeFrame, shapeFromGeoJson, shapeToGeoJson } from '../../geo.js';
import { colour } from '../../ui/format.js';

/** @import {DrawnZone, Level, Mall, Plan, Shape, Store, Unit, XY, Zone} from '../../types' */

/** Around the mall: car parks and forecourts, not the next town. */
const OUTDOOR_M = 250;

/** @type {Record<string, string>} */
export const KIND_COLOURS = {
  corridor: '#3f6fb5',
  store: '#8a5a2b',
  entrance: '#1f7a8c',
  events_area: '#8e44ad',
  parking: '#607d8b',
  catchment: '#4f7a3a',
  delivery_area: '#a05a00',
  other: '#0f766e',
};

/** @param {Zone} zone */
export const zoneColour = (zone) =>
  colour(zone.properties.color, KIND_COLOURS[zone.properties.kind] ?? KIND_COLOURS.other);

/** @param {Mall} mall @param {AbortSignal} [signal] */
export async function loadVenue(mall, signal) {
  const base = `/v1/malls/${mall.id}`;
  const [levels, units, stores] = await Promise.all([
    getAll(`${base}/levels`, {}, signal),
    getAll(`${base}/units`, {}, signal),
    getAll('/v1/stores', { mall_id: mall.id }, signal),
  ]);
  const venue = makeVenue(mall, levels, units, stores);
  await venue.reloadZones(signal);
  return venue;
}

/** @typedef {ReturnType<typeof makeVenue>} Venue */

/**
 * @param {Mall} mall
 * @param {Level[]} levels
 * @param {Unit[]} units
 * @param {Store[]} stores
 */
function makeVenue(mall, levels, units, stores) {
  const frame = makeFrame(mall);
  const ordered = [...levels].sort((a, b) => a.properties.ordinal - b.properties.ordinal);
  /** @type {Zone[]} */
  let zones = [];

  /** @param {{geometry: {type: string, coordinates: any}, properties: {radius_m?: number | null}}} feature */
  const shapeOf = (feature) => shapeFromGeoJson(frame, feature.geometry, feature.properties.radius_m ?? 0);

  /** West, south, east, north of the mall and its surroundings. */
  function surroundings() {
    const box = bounds(levels.map((level) => shapeFromGeoJson(frame, level.geometry))) ?? [0, 0, 0, 0];
    const [minX, minY, maxX, maxY] = box.map((value, i) => value + (i < 2 ? -OUTDOOR_M : OUTDOOR_M));
    const points = [
      [minX, minY],
      [minX, maxY],
      [maxX, minY],
      [maxX, maxY],
    ].map(([x, y]) => frame.toWorld([x, y]));
    const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])];
    return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)].join(',');
  }

  return {
    mall,
    frame,
    stores,
    shapeOf,
    /** Basements below, upper floors above, in order. */
    levels: ordered,
    ground: (ordered.find((level) => level.properties.ordinal >= 0) ?? ordered[0])?.properties.ordinal ?? 0,
    zones: () => zones,
    /** @param {string} id */
    zone: (id) => zones.find((zone) => zone.id === id) ?? null,
    /** @param {string | null} id */
    store: (id) => stores.find((store) => store.id === id) ?? null,
    /** @param {number} ordinal */
    level: (ordinal) => ordered.find((level) => level.properties.ordinal === ordinal) ?? null,

    /** @param {AbortSignal} [signal] */
    async reloadZones(signal) {
      const [indoor, near] = await Promise.all([
        getAll('/v1/zones', { mall_id: mall.id }, signal),
        getAll('/v1/zones', { bbox: surroundings() }, signal),
      ]);
      zones = [...indoor, ...near.filter((zone) => !zone.properties.mall_id)];
      zones.sort((a, b) => a.properties.name.localeCompare(b.properties.name));
    },
    /** Puts a saved zone in place of its older self. @param {Zone} zone */
    keep(zone) {
      zones = [...zones.filter((other) => other.id !== zone.id), zone];
      zones.sort((a, b) => a.properties.name.localeCompare(b.properties.name));
    },
    /** @param {string} id */
    drop(id) {
      zones = zones.filter((zone) => zone.id !== id);
    },
    /** @param {Zone} zone @param {number} ordinal */
    isOn: (zone, ordinal) => (zone.properties.mall_id ? zone.properties.levels.includes(ordinal) : ordinal === 0),

    /** @param {number} ordinal @returns {Plan} */
    plan(ordinal) {
      const level = ordered.find((item) => item.properties.ordinal === ordinal);
      return {
        outline: level ? shapeFromGeoJson(frame, level.geometry) : null,
        units: units
          .filter((unit) => unit.properties.level === ordinal)
          .map((unit) => ({
            id: unit.id,
            name: unit.properties.name ?? '',
            category: unit.properties.category,
            shape: shapeFromGeoJson(frame, unit.geometry),
          })),
        stores: stores
          .filter((store) => store.properties.level === ordinal)
          .map((store) => ({
            id: store.id,
            name: store.properties.name,
            color: colour(store.properties.brand_color),
            shape: store.geometry.type === 'Point' ? null : shapeFromGeoJson(frame, store.geometry),
            at: store.properties.point ? frame.toFrame(store.properties.point) : null,
          })),
      };
    },
    /** The shop at a place. @param {number} ordinal @param {XY} at @returns {string | null} */
    storeAt(ordinal, at) {
      return this.plan(ordinal).stores.find(({ shape }) => shape && contains(shape, at))?.id ?? null;
    },
    /** @param {Zone} zone @returns {DrawnZone} */
    drawn: (zone) => ({
      id: zone.id,
      name: zone.properties.name,
      color: zoneColour(zone),
      status: zone.properties.status,
      kind: zone.properties.kind,
      outdoor: !zone.properties.mall_id,
      shape: shapeOf(zone),
    }),
    /** @param {Shape} shape */
    toGeoJson: (shape) => shapeToGeoJson(frame, shape),
  };
}

/** @param {string} id @returns {Promise<{zone: Zone, etag: string | null}>} */
export async function readZone(id) {
  const { data, etag } = await call('GET', `/v1/zones/${id}`);
  return { zone: data, etag: etag ?? `"v${data.properties.version}"` };
}

/** People inside each zone now; null where the number is too small to be told. @param {string} mallId @param {AbortSignal} [signal] */
export async function readOccupancy(mallId, signal) {
  const { items } = await get('/v1/live/occupancy', { mall_id: mallId }, signal);
  return new Map(items.map((/** @type {any} */ item) => [item.zone_id, item.inside]));
}
