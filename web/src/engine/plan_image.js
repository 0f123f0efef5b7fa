/**
 * A picture under the drawn plan, moved, turned and scaled: Leaflet's own image overlay cannot turn.
 *
 * One <img> with a CSS matrix from its pixels to the map's layer points; nothing else is transformed, so nothing else
 * blurs. While a picture shows, the map has the class `with-picture`, for which the plan's fills step back.
 */
import { h } from '../ui/dom.js';
import { L, toLatLng } from './leaflet.js';

/** @import {XY} from '../types' */
/**
 * @typedef {object} PlacedPicture
 * @property {string} url
 * @property {number} width pixels
 * @property {number} height
 * @property {XY[]} corners top left, top right, bottom right, bottom left in metres
 * @property {number} opacity 0 to 1
 */

/** @param {L.Map} map @param {string} pane */
export function makePlanImage(map, pane) {
  /** @type {PlacedPicture | null} */
  let shown = null;
  const image = h('img', { class: 'leaflet-image-layer leaflet-zoom-animated', alt: '', 'data-testid': 'plan-image' });

  /** @param {(latlng: L.LatLng) => L.Point} toPoint */
  function place(toPoint) {
    if (!shown) return;
    const [start, right, , down] = shown.corners.map((corner) => toPoint(L.latLng(toLatLng(corner))));
    const across = right.subtract(start).divideBy(shown.width);
    const along = down.subtract(start).divideBy(shown.height);
    image.style.transform = `matrix(${[across.x, across.y, along.x, along.y, start.x, start.y].join(', ')})`;
  }

  const settle = () => place((latlng) => map.latLngToLayerPoint(latlng));
  map.on('viewreset zoom', settle);
  map.on('zoomanim', ({ zoom, center }) =>
    place((latlng) => /** @type {any} */ (map)._latLngToNewLayerPoint(latlng, zoom, center)),
  );

  return {
    /** @param {PlacedPicture | null} next */
    set(next) {
      shown = next;
      map.getContainer().classList.toggle('with-picture', next !== null);
      if (!next) return image.remove();
      if (image.getAttribute('src') !== next.url) image.src = next.url;
      image.width = next.width;
      image.height = next.height;
      image.style.opacity = String(next.opacity);
      if (!image.isConnected) map.getPane(pane)?.append(image);
      settle();
    },
  };
}
