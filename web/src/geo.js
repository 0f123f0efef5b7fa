/**
 * The mall's own frame: metres along and across its main axis, with the world (lon, lat) only at the edge.
 *
 * A mall is rarely north-up. In its frame rectangles are parallel to the walls, circles are circles and areas are
 * plain shoelace sums. Pure: no map library, no DOM. The constants equal those of the server.
 */
/** @import {Circle, GeoJson, LonLat, Shape, XY} from './types' */

/** Metres per degree on the sphere of radius 6,378,137 m, for both axes. */
export const METRES_PER_DEG = 111319.49079327358;

/**
 * @typedef {object} Frame
 * @property {(p: LonLat) => XY} toFrame world degrees to frame metres
 * @property {(p: XY) => LonLat} toWorld frame metres to world degrees, 8 decimals (about 1 mm)
 * @property {number} bearing clockwise angle from true north to the frame's +y axis, degrees
 */

/**
 * @param {{origin: LonLat, bearing_deg: number}} mall
 * @returns {Frame}
 */
export function makeFrame({ origin, bearing_deg }) {
  const [lon0, lat0] = origin;
  const angle = (bearing_deg * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const east = METRES_PER_DEG * Math.cos((lat0 * Math.PI) / 180);
  return {
    bearing: bearing_deg,
    toFrame([lon, lat]) {
      const e = (lon - lon0) * east;
      const n = (lat - lat0) * METRES_PER_DEG;
      return [e * cos - n * sin, e * sin + n * cos];
    },
    toWorld([x, y]) {
      const e = x * cos + y * sin;
      const n = y * cos - x * sin;
      return [round(lon0 + e / east, 8), round(lat0 + n / METRES_PER_DEG, 8)];
    },
  };
}

/**
 * @param {number} value
 * @param {number} decimals
 */
export function round(value, decimals) {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

/**
 * A GeoJSON geometry in the frame. A Point becomes a circle of `radiusM`.
 * @param {Frame} frame
 * @param {GeoJson} geometry
 * @param {number} [radiusM]
 * @returns {Shape}
 */
export function shapeFromGeoJson(frame, geometry, radiusM = 0) {
  const { toFrame } = frame;
  if (geometry.type === 'Point') return { type: 'Point', coordinates: toFrame(geometry.coordinates), radius: radiusM };
  if (geometry.type === 'MultiPolygon') {
    const parts = /** @type {LonLat[][][]} */ (geometry.coordinates);
    return { type: 'MultiPolygon', coordinates: parts.map((rings) => rings.map((ring) => ring.map(toFrame))) };
  }
  const rings = /** @type {LonLat[][]} */ (geometry.coordinates);
  return { type: 'Polygon', coordinates: rings.map((ring) => ring.map(toFrame)) };
}

/**
 * The GeoJSON geometry of a shape; rings come out closed, outer rings counter-clockwise (RFC 7946).
 * @param {Frame} frame
 * @param {Shape} shape
 * @returns {GeoJson}
 */
export function shapeToGeoJson(frame, shape) {
  const { toWorld } = frame;
  if (shape.type === 'Point') return { type: 'Point', coordinates: toWorld(shape.coordinates) };
  /** @param {XY[][]} rings */
  const world = (rings) => rings.map((ring, i) => wind(close(ring), i === 0).map(toWorld));
  if (shape.type === 'MultiPolygon') return { type: 'MultiPolygon', coordinates: shape.coordinates.map(world) };
  return { type: 'Polygon', coordinates: world(shape.coordinates) };
}

/**
 * @param {XY[]} ring
 * @returns {XY[]}
 */
export function close(ring) {
  const first = ring[0];
  const last = ring[ring.length - 1];
  return first[0] === last[0] && first[1] === last[1] ? ring : [...ring, first];
}

/**
 * @param {XY[]} ring
 * @param {boolean} counterClockwise
 */
function wind(ring, counterClockwise) {
  return signedArea(ring) > 0 === counterClockwise ? ring : [...ring].reverse();
}

/** @param {XY[]} ring */
function signedArea(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    sum += ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
  }
  return sum / 2;
}

/**
 * All parts of a shape as lists of rings; a circle as a 48-corner ring.
 * @param {Shape} shape
 * @returns {XY[][][]}
 */
export function parts(shape) {
  if (shape.type === 'MultiPolygon') return shape.coordinates;
  if (shape.type === 'Polygon') return [shape.coordinates];
  return [[circleRing(shape)]];
}

/** @param {Circle} circle @returns {XY[]} */
function circleRing({ coordinates: [x, y], radius }) {
  return Array.from({ length: 48 }, (_, i) => {
    const turn = (i / 48) * 2 * Math.PI;
    return /** @type {XY} */ ([x + radius * Math.cos(turn), y + radius * Math.sin(turn)]);
  });
}

/** Area in square metres, holes taken out. @param {Shape} shape */
export function area(shape) {
  if (shape.type === 'Point') return Math.PI * shape.radius ** 2;
  return parts(shape)
    .flatMap((rings) => rings.map((ring, i) => Math.abs(signedArea(ring)) * (i === 0 ? 1 : -1)))
    .reduce((sum, a) => sum + a, 0);
}

/** Length of all outlines in metres. @param {Shape} shape */
export function perimeter(shape) {
  if (shape.type === 'Point') return 2 * Math.PI * shape.radius;
  let sum = 0;
  for (const ring of parts(shape).flat()) {
    const closed = close(ring);
    for (let i = 1; i < closed.length; i++) {
      sum += Math.hypot(closed[i][0] - closed[i - 1][0], closed[i][1] - closed[i - 1][1]);
    }
  }
  return sum;
}

/**
 * Smallest axis-aligned box around shapes: [minX, minY, maxX, maxY], or null when there is nothing.
 * @param {Shape[]} shapes
 * @returns {[number, number, number, number] | null}
 */
export function bounds(shapes) {
  const points = shapes.flatMap((shape) => parts(shape).flat(2));
  if (points.length === 0) return null;
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * @param {Shape} shape
 * @param {XY} point
 */
export function contains(shape, point) {
  if (shape.type === 'Point') {
    return Math.hypot(point[0] - shape.coordinates[0], point[1] - shape.coordinates[1]) <= shape.radius;
  }
  return parts(shape).some((rings) => inRing(rings[0], point) && !rings.slice(1).some((hole) => inRing(hole, point)));
}

/**
 * @param {XY[]} ring
 * @param {XY} point
 */
function inRing(ring, [x, y]) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/**
 * Where a label fits best: the centre of the widest horizontal run inside the first part, with the room around it.
 * @param {Shape} shape
 * @returns {{at: XY, width: number, height: number}}
 */
export function labelSpot(shape) {
  const [minX, minY, maxX, maxY] = /** @type {[number, number, number, number]} */ (bounds([shape]));
  const middle = (minY + maxY) / 2;
  let best = { at: /** @type {XY} */ ([(minX + maxX) / 2, middle]), width: 0, height: 0 };
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]) {
    const y = minY + (maxY - minY) * share;
    const run = widestRun(parts(shape)[0], y);
    if (!run) continue;
    const width = run[1] - run[0];
    const x = (run[0] + run[1]) / 2;
    // a spot nearer to the middle is worth a little width
    if (width > best.width * 1.15) {
      const column = widestRun(
        parts(shape)[0].map((ring) => ring.map(([a, b]) => /** @type {XY} */ ([b, a]))),
        x,
      );
      best = { at: [x, y], width, height: column ? 2 * Math.min(column[1] - y, y - column[0]) : maxY - minY };
    }
  }
  return best;
}

/**
 * The longest stretch [from, to] in x that lies inside the rings at height y.
 * @param {XY[][]} rings
 * @param {number} y
 */
function widestRun(rings, y) {
  /** @type {number[]} */
  const crossings = [];
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i];
      const [xj, yj] = ring[j];
      if (yi > y !== yj > y) crossings.push(((xj - xi) * (y - yi)) / (yj - yi) + xi);
    }
  }
  crossings.sort((a, b) => a - b);
  /** @type {[number, number] | null} */
  let best = null;
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    if (!best || crossings[i + 1] - crossings[i] > best[1] - best[0]) best = [crossings[i], crossings[i + 1]];
  }
  return best;
}

/**
 * Metres between two places on the globe, good enough to choose the nearest mall.
 * @param {LonLat} a
 * @param {LonLat} b
 */
export function distance(a, b) {
  const [x, y] = makeFrame({ origin: a, bearing_deg: 0 }).toFrame(b);
  return Math.hypot(x, y);
}
