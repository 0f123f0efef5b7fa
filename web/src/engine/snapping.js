/**
 * Geoman measures every wall and zone of the level for each move of the pointer. Here it is handed only those whose box
 * is within reach: with 500 zones that is the difference between a smooth and a stuttering corner.
 */
import { L } from './leaflet.js';

/** @param {any} layer @param {L.LatLng} at @param {number} reach metres */
function isNear(layer, { lat, lng }, reach) {
  if (!layer.getBounds) {
    const own = layer.getLatLng();
    return Math.abs(own.lat - lat) <= reach && Math.abs(own.lng - lng) <= reach;
  }
  const box = layer.getBounds();
  return (
    lat >= box.getSouth() - reach &&
    lat <= box.getNorth() + reach &&
    lng >= box.getWest() - reach &&
    lng <= box.getEast() + reach
  );
}

/** Teaches Geoman's drawing and editing to look only at what is near. */
export function snapToNearOnly() {
  const { Draw, Edit } = /** @type {any} */ (L.PM);
  for (const { prototype } of [Draw, Edit]) {
    const closest = prototype._calcClosestLayer;
    /** @this {any} @param {L.LatLng} at @param {any[]} layers */
    prototype._calcClosestLayer = function near(at, layers) {
      const reach = this.options.snapDistance / 2 ** this._map.getZoom();
      const within = layers.filter((layer) => isNear(layer, at, reach));
      return within.length ? closest.call(this, at, within) : {};
    };
  }
}
