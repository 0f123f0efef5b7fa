/** The doors and amenities that a venue's import brought, read once per mall and shown by level. */
import { getAll } from '../../api.js';
import { signOf } from '../../engine/fixtures.js';

/** @import {VenueFeature, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Fixture} from '../../engine/fixtures.js' */
/** @import {Venue} from './venue.js' */

/** Of what an archive holds the rest is no thing on the floor: addresses, opening hours, anchors of shops. */
const SHOWN = ['opening', 'amenity', 'kiosk', 'fixture'];

/** @param {Engine} engine @param {AbortSignal} signal */
export function makeFixtureView(engine, signal) {
  /** @type {Venue | null} whose features these are */
  let owner = null;
  /** @type {VenueFeature[]} */
  let features = [];
  let level = 0;

  function show() {
    const here = features.filter(
      ({ properties }) => properties.level === level && SHOWN.includes(properties.feature_type),
    );
    engine.fixtures.set(owner ? here.map((feature) => fixture(/** @type {Venue} */ (owner), feature)) : []);
  }

  return {
    /** @param {Venue} venue @param {number} ordinal */
    async show(venue, ordinal) {
      level = ordinal;
      if (venue === owner) return show();
      owner = venue;
      features = [];
      show();
      try {
        const read = await getAll(`/v1/malls/${venue.mall.id}/features`, {}, signal);
        if (venue !== owner) return;
        features = read;
        show();
      } catch {
        // signs only: without them the map is still the map
      }
    },
  };
}

/** @param {Venue} venue @param {VenueFeature} feature @returns {Fixture} */
function fixture({ frame }, { geometry, properties: { feature_type, name, properties } }) {
  const category = String(properties?.category ?? '');
  const words = name ?? category;
  const { type, coordinates } = geometry ?? { type: '', coordinates: [] };
  if (feature_type === 'opening' && /LineString$/.test(type)) {
    const lines = type === 'LineString' ? [coordinates] : coordinates;
    return {
      lines: lines.map((/** @type {XY[]} */ line) => line.map(frame.toFrame)),
      at: null,
      sign: null,
      name: words,
    };
  }
  return { lines: [], at: middle(coordinates, frame.toFrame), sign: signOf(category), name: words };
}

/** The middle of all corners; of nothing, null. @param {any} coordinates @param {(p: XY) => XY} toFrame @returns {XY | null} */
function middle(coordinates, toFrame) {
  /** @type {number[][]} */
  const points = [];
  /** @param {any} value */
  const collect = (value) => {
    if (typeof value?.[0] === 'number') points.push(toFrame(value));
    else if (Array.isArray(value)) value.forEach(collect);
  };
  collect(coordinates);
  if (!points.length) return null;
  const sum = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
