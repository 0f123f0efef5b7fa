/** A finding on the map: the part outside hatched, an overlap filled, a crossing ringed, anything else outlined. */
import { labelSpot, shapeFromGeoJson } from '../../geo.js';
import { svg } from '../../ui/dom.js';

/** @import {Finding, GeoJson, Shape, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {MarkStyle} from '../../engine/marks.js' */
/** @import {Venue} from './venue.js' */

/** Names of groups of marks; the style sheet fills `.mark-lint-outside` with HATCH. */
const OUTSIDE = 'lint-outside';
const OVERLAP = 'lint-overlap';
const PLACE = 'lint-place';
const ACCURACY = 'lint-accuracy';
const RING_PX = 14;
const HATCH = 'hatch';
/** @type {Record<string, [string, MarkStyle]>} */
const LOOKS = {
  outside_level: [OUTSIDE, { color: '#a3201b', dashed: false, fill: 1 }],
  overlaps: [OVERLAP, { color: '#b45309', dashed: false, fill: 0.45 }],
};
/** @type {[string, MarkStyle]} */
const PLAIN = [PLACE, { color: '#a3201b', dashed: false, weight: 4 }];

/**
 * Shows a finding in place of an earlier one.
 * @param {Engine} engine @param {Venue} venue @param {Finding} finding
 * @returns {Shape[]} what was marked
 */
export function markFinding(engine, venue, finding) {
  clearFinding(engine);
  if (!document.getElementById(HATCH)) document.body.append(hatching());
  const shapes = polygons(finding.geometry).map((geometry) => shapeFromGeoJson(venue.frame, geometry));
  const [name, look] = LOOKS[finding.code] ?? PLAIN;
  if (shapes.length) engine.marks.set(name, shapes, look);
  const at = finding.place && venue.frame.toFrame(finding.place);
  if (!at || shapes.length) return shapes;
  const ring = disc(at, RING_PX / 2 ** engine.zoom());
  engine.marks.set(PLACE, [ring], { ...PLAIN[1], fill: 0.25 });
  return [ring];
}

/** @param {Engine} engine */
export function clearFinding(engine) {
  for (const name of [OUTSIDE, OVERLAP, PLACE]) engine.marks.clear(name);
}

/** How far a phone's position may be off, drawn where the zone is widest; null takes it away. @param {Engine} engine @param {Shape | null} shape @param {number} accuracy */
export function markAccuracy(engine, shape, accuracy) {
  if (!shape) return engine.marks.clear(ACCURACY);
  const at = shape.type === 'Point' ? shape.coordinates : labelSpot(shape).at;
  engine.marks.set(ACCURACY, [disc(at, accuracy)], { color: '#1d4f91', dashed: true, weight: 2, fill: 0.15 });
}

/** @param {XY} at @param {number} radius @returns {Shape} */
export const disc = (at, radius) => ({ type: 'Point', coordinates: at, radius });

/** The surfaces of a geometry; points and lines have none. @param {any} geometry @returns {GeoJson[]} */
function polygons(geometry) {
  if (geometry?.type === 'GeometryCollection') return geometry.geometries.flatMap(polygons);
  return geometry?.type === 'Polygon' || geometry?.type === 'MultiPolygon' ? [geometry] : [];
}

/** A pattern counts only while its own element is rendered, so it is not inside a panel that may be hidden. */
function hatching() {
  const line = svg('path', { d: 'M0 10L10 0M-2 2L2 -2M8 12L12 8', stroke: '#a3201b', 'stroke-width': 2 });
  const pattern = svg('pattern', { id: HATCH, width: 10, height: 10, patternUnits: 'userSpaceOnUse' }, line);
  return svg('svg', { class: 'hatch-pattern', 'aria-hidden': 'true' }, svg('defs', null, pattern));
}
