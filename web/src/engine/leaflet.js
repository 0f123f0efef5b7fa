/**
 * Leaflet with Geoman, and the step between the mall's metres and Leaflet's points. Only files in this folder import it.
 *
 * `L.CRS.Simple` draws the frame as it is: latlng = [y, x] in metres, zoom 0 = 1 pixel per metre.
 */
import L from 'leaflet';
import 'leaflet/dist/leaflet.css';
import '@geoman-io/leaflet-geoman-free';
import '@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css';
import { round } from '../geo.js';

/** @import {Shape, XY} from '../types' */

// only layers that say so are editable: walls and other zones must not move under the pointer
L.PM.setOptIn(true);

export { L };

/** @param {XY} point @returns {L.LatLngTuple} */
export const toLatLng = ([x, y]) => [y, x];

/** @param {L.LatLng} latlng @returns {XY} centimetres are finer than any hand */
export const toXY = ({ lat, lng }) => [round(lng, 2), round(lat, 2)];

/**
 * @param {Shape} shape
 * @param {L.PathOptions} options
 * @returns {L.Polygon | L.Circle}
 */
export function shapeLayer(shape, options) {
  if (shape.type === 'Point') return L.circle(toLatLng(shape.coordinates), { ...options, radius: shape.radius });
  return L.polygon(latLngs(shape), options);
}

/** @param {Exclude<Shape, {type: 'Point'}>} shape */
function latLngs(shape) {
  /** @param {XY[]} ring */
  const open = (ring) => {
    const points = ring.map(toLatLng);
    const [a, b] = [points[0], points[points.length - 1]];
    return points.length > 1 && a[0] === b[0] && a[1] === b[1] ? points.slice(0, -1) : points;
  };
  if (shape.type === 'MultiPolygon') return shape.coordinates.map((rings) => rings.map(open));
  return shape.coordinates.map(open);
}

/** What a layer shows now. @param {L.Polygon | L.Circle} layer @returns {Shape} */
export function readShape(layer) {
  if (layer instanceof L.Circle) {
    return { type: 'Point', coordinates: toXY(layer.getLatLng()), radius: round(layer.getRadius(), 2) };
  }
  const points = /** @type {any} */ (layer.getLatLngs());
  /** @param {L.LatLng[][]} rings */
  const read = (rings) => rings.filter((ring) => ring.length > 2).map((ring) => ring.map(toXY));
  if (Array.isArray(points[0]?.[0])) return { type: 'MultiPolygon', coordinates: points.map(read) };
  return { type: 'Polygon', coordinates: read(points) };
}
