/** What lies around a walk: the mall's frame, its floors and shops; without a mall a plain plane. */
import { getAll } from '../../api.js';
import { distance, makeFrame, shapeFromGeoJson } from '../../geo.js';

/** @import {Level, LonLat, Mall, Shape, Store} from '../../types' */
/** @import {Frame} from '../../geo.js' */
/** @typedef {{frame: Frame, floors: Map<number, {name: string, outline: Shape, stores: Shape[]}>}} Scene */

const NEAR_M = 5000;

/** @param {LonLat} here @param {AbortSignal} [signal] @returns {Promise<Scene>} */
export async function loadScene(here, signal) {
  /** @type {Mall[]} */
  const malls = await getAll('/v1/malls', {}, signal).catch(() => []);
  const mall = malls
    .filter(({ origin }) => distance(origin, here) < NEAR_M)
    .sort((a, b) => distance(a.origin, here) - distance(b.origin, here))[0];
  if (!mall) return { frame: makeFrame({ origin: here, bearing_deg: 0 }), floors: new Map() };
  const frame = makeFrame(mall);
  /** @type {[Level[], Store[]]} */
  const [levels, stores] = await Promise.all([
    getAll(`/v1/malls/${mall.id}/levels`, {}, signal).catch(() => []),
    getAll('/v1/stores', { mall_id: mall.id }, signal).catch(() => []),
  ]);
  const drawn = stores.filter(({ geometry }) => geometry.type !== 'Point');
  const floors = levels.map(({ geometry, properties: { ordinal, name } }) => {
    const own = drawn.filter((store) => store.properties.level === ordinal);
    return /** @type {const} */ ([
      ordinal,
      {
        name: name || `Level ${ordinal}`,
        outline: shapeFromGeoJson(frame, geometry),
        stores: own.map((store) => shapeFromGeoJson(frame, store.geometry)),
      },
    ]);
  });
  return { frame, floors: new Map(floors) };
}
