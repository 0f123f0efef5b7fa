/**
 * A drawing of where somebody was: positions with their accuracy discs against the outlines of the zones in question, in
 * the mall's own metres.
 */
import { get, getAll } from '../api.js';
import { bounds, distance, makeFrame, parts, shapeFromGeoJson } from '../geo.js';
import { h, svg } from '../ui/dom.js';
import { clock, readable } from '../ui/format.js';
import { zoneColour } from './map/venue.js';

/** @import {Explanation, Fix, Level, LonLat, Mall, Shape, Store, XY, Zone} from '../types' */
/** @import {Frame} from '../geo.js' */
/** @typedef {{frame: Frame, level: number | null, outline: Shape | null, stores: Store[], zones: Zone[]}} Scene */

const NEAR_M = 5000;
const MAX_RATIO = 0.8;
const PAD_M = 8;

/** @param {Explanation} explanation @returns {Promise<Scene | null>} null when there is nothing to draw */
export async function loadScene({ fixes, zones: verdicts }) {
  if (fixes.length === 0) return null;
  const zones = (
    await Promise.all(
      [...new Set(verdicts.map((v) => v.zone_id))].map((id) => get(`/v1/zones/${id}`).catch(() => null)),
    )
  ).filter(Boolean);
  /** @type {Mall[]} */
  const malls = await getAll('/v1/malls').catch(() => []);
  const last = fixes[fixes.length - 1];
  const here = /** @type {LonLat} */ ([last.lon, last.lat]);
  const mall = malls
    .filter(({ origin }) => distance(origin, here) < NEAR_M)
    .sort((a, b) => distance(a.origin, here) - distance(b.origin, here))[0];
  const level = usualLevel(fixes);
  if (!mall) return { frame: makeFrame({ origin: here, bearing_deg: 0 }), level, outline: null, stores: [], zones };
  const [levels, stores] = await Promise.all([
    getAll(`/v1/malls/${mall.id}/levels`).catch(() => []),
    getAll('/v1/stores', { mall_id: mall.id, level: level ?? 0 }).catch(() => []),
  ]);
  const frame = makeFrame(mall);
  const storey = /** @type {Level[]} */ (levels).find((item) => item.properties.ordinal === (level ?? 0));
  return { frame, level, outline: storey ? shapeFromGeoJson(frame, storey.geometry) : null, stores, zones };
}

/** The level most positions say. @param {Fix[]} fixes */
function usualLevel(fixes) {
  /** @type {Map<number, number>} */
  const votes = new Map();
  for (const { level } of fixes) if (level !== null) votes.set(level, (votes.get(level) ?? 0) + 1);
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** @param {Explanation} explanation @param {Scene} scene @param {number} widthPx how wide it will be shown */
export function picture({ fixes, zones: verdicts }, { frame, level, outline, stores, zones }, widthPx) {
  const elsewhere = (/** @type {Fix} */ fix) => fix.level !== null && fix.level !== level;
  const walk = fixes.map((fix) => ({
    fix,
    at: frame.toFrame([fix.lon, fix.lat]),
    radius: Math.max(1, fix.accuracy_m ?? 0),
    elsewhere: elsewhere(fix),
  }));
  // one level at a time: zones of the other floors would lie across this one
  const shapes = zones
    .filter(({ properties: { mall_id, levels } }) =>
      mall_id && level !== null ? levels.includes(level) : !mall_id && !outline,
    )
    .map((zone) => ({ zone, shape: shapeFromGeoJson(frame, zone.geometry, zone.properties.radius_m ?? 0) }));
  const box = viewBox(
    walk.map(({ at, radius }) => ({ type: 'Point', coordinates: at, radius: Math.min(radius, 40) })),
    shapes.map(({ shape }) => shape),
  );
  const unit = box.width / (widthPx || 640);
  const names = new Map(verdicts.map((verdict) => [verdict.zone_id, verdict.verdict]));

  const drawing = svg(
    'svg',
    {
      viewBox: `${box.x} ${box.y} ${box.width} ${box.height}`,
      class: 'walk',
      role: 'img',
      'data-testid': 'explain-picture',
      'aria-label': `Drawing of ${fixes.length} positions and ${zones.length} zones; the lines beside it say the same in words.`,
    },
    outline && svg('path', { d: path(outline), class: 'walk-outline' }),
    stores
      .filter((store) => store.geometry.type !== 'Point')
      .map((store) => svg('path', { d: path(shapeFromGeoJson(frame, store.geometry)), class: 'walk-store' })),
    shapes.map(({ zone, shape }) =>
      svg('path', {
        d: path(shape),
        class: `walk-zone walk-${names.get(zone.id) ?? 'outside'}`,
        style: { '--zone': readable(zoneColour(zone)) },
      }),
    ),
    walk.map(
      ({ at: [x, y], radius, elsewhere: off }) =>
        !off && svg('circle', { cx: x, cy: -y, r: radius, class: 'walk-disc' }),
    ),
    svg('polyline', { points: walk.map(({ at: [x, y] }) => `${x},${-y}`).join(' '), class: 'walk-line' }),
    walk.map(({ fix, at: [x, y], elsewhere: off }, i) => {
      const last = i === walk.length - 1;
      return svg(
        'circle',
        {
          cx: x,
          cy: -y,
          r: (last ? 6 : 3.5) * unit,
          class: `walk-fix ${fix.late ? 'walk-late' : ''} ${off ? 'walk-off' : ''} ${last ? 'walk-last' : ''}`,
        },
        svg(
          'title',
          null,
          `${clock(fix.at)}, ±${Math.round(fix.accuracy_m ?? 0)} m${off ? `, level ${fix.level}` : ''}${fix.late ? ', came late' : ''}`,
        ),
      );
    }),
    zoneNames(
      shapes.filter(({ zone }) => names.get(zone.id) !== 'outside'),
      unit,
      box,
    ),
    scaleBar(box, unit),
  );
  const others = walk.filter((step) => step.elsewhere).length;
  return h(
    'figure',
    { class: 'picture' },
    drawing,
    h('figcaption', null, caption(fixes), others > 0 && ` ${others} on other levels are grey.`),
  );
}

/** @param {Fix[]} fixes */
function caption(fixes) {
  const [first, last] = [fixes[0], fixes[fixes.length - 1]];
  return `${fixes.length} ${fixes.length === 1 ? 'position' : 'positions'} from ${clock(first.at)} to ${clock(last.at)}; discs show how sure the phone was, the big dot is the last one.`;
}

/** @param {Shape[]} discs @param {Shape[]} zones */
function viewBox(discs, zones) {
  const around = /** @type {[number, number, number, number]} */ (bounds(discs));
  // a zone far larger than the walk must not shrink the walk to a dot
  const reach = Math.max(35, (around[2] - around[0]) * 1.2, (around[3] - around[1]) * 1.2);
  const near = bounds(zones) ?? around;
  const minX = Math.max(Math.min(around[0], near[0]), around[0] - reach) - PAD_M;
  const maxX = Math.min(Math.max(around[2], near[2]), around[2] + reach) + PAD_M;
  const minY = Math.max(Math.min(around[1], near[1]), around[1] - reach) - PAD_M;
  const maxY = Math.min(Math.max(around[3], near[3]), around[3] + reach) + PAD_M;
  const width = Math.max(maxX - minX, (maxY - minY) / MAX_RATIO);
  const height = Math.max(maxY - minY, width * 0.45);
  return { x: (minX + maxX - width) / 2, y: -(minY + maxY + height) / 2, width, height };
}

/** @param {Shape} shape */
function path(shape) {
  const ring = (/** @type {XY[]} */ points) =>
    `M${points.map(([x, y]) => `${x.toFixed(2)} ${(-y).toFixed(2)}`).join('L')}Z`;
  return parts(shape).flat().map(ring).join('');
}

/**
 * Names at the top of their zones, moved into the picture; one that would cover another is left out.
 * @param {{zone: Zone, shape: Shape}[]} shapes
 * @param {number} unit
 * @param {{x: number, width: number}} box
 */
function zoneNames(shapes, unit, box) {
  const size = 12 * unit;
  /** @type {{x: number, y: number, half: number}[]} */
  const taken = [];
  return shapes.map(
    ({
      zone: {
        properties: { name },
      },
      shape,
    }) => {
      const [minX, , maxX, maxY] = /** @type {number[]} */ (bounds([shape]));
      const half = name.length * size * 0.3;
      const middle = Math.min(Math.max((minX + maxX) / 2, box.x + half), box.x + box.width - half);
      const spot = { x: middle, y: -maxY + 14 * unit, half };
      if (
        taken.some((other) => Math.abs(other.y - spot.y) < size && Math.abs(other.x - spot.x) < other.half + spot.half)
      )
        return null;
      taken.push(spot);
      return svg(
        'text',
        {
          x: spot.x,
          y: spot.y,
          'font-size': size,
          'text-anchor': 'middle',
          class: 'walk-name',
          'stroke-width': 3 * unit,
        },
        name,
      );
    },
  );
}

/** @param {{x: number, y: number, width: number, height: number}} box @param {number} unit */
function scaleBar(box, unit) {
  const length = [5, 10, 20, 50, 100, 200, 500, 1000].findLast((metres) => metres < box.width / 3) ?? 5;
  const [x, y] = [box.x + 12 * unit, box.y + box.height - 12 * unit];
  return svg(
    'g',
    { class: 'walk-scale' },
    svg('path', { d: `M${x} ${y - 4 * unit}V${y}H${x + length}V${y - 4 * unit}`, fill: 'none' }),
    svg('text', { x: x + 4 * unit, y: y - 5 * unit, 'font-size': 11 * unit }, `${length} m`),
  );
}
