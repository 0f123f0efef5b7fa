/** A picture to look at closely and to pick points in: pan, zoom, click; Space picks the middle. Pixels count from its top left. */
import { makeHandles } from './handles.js';
import { L, toXY } from './leaflet.js';

/** @import {XY} from '../types' */

/**
 * @param {HTMLElement} container
 * @param {{url: string, width: number, height: number}} picture
 * @param {{pick: (pixel: XY) => void, move: (id: string, pixel: XY) => void}} events
 */
export function makePictureView(container, { url, width, height }, events) {
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(container, {
    crs: L.CRS.Simple,
    minZoom: -6,
    maxZoom: 4,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    attributionControl: false,
    trackResize: false,
    zoomAnimation: !still,
    fadeAnimation: false,
    inertia: !still,
  });
  const box = L.latLngBounds([-height, 0], [0, width]);
  L.imageOverlay(url, box, { alt: 'Floor plan' }).addTo(map);
  map.fitBounds(box, { animate: false });
  map.setMaxBounds(box.pad(0.5));
  const handles = makeHandles(map);
  const observer = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false }));
  observer.observe(container);

  /** @param {XY} point map coordinates, y upwards @returns {XY} */
  const toPixel = ([x, y]) => [x, -y];

  /** @param {XY} pixel */
  function pick([x, y]) {
    if (x >= 0 && y >= 0 && x <= width && y <= height) events.pick([x, y]);
  }

  map.on('click', ({ latlng }) => pick(toPixel(toXY(latlng))));
  container.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || event.target !== container) return;
    event.preventDefault();
    pick(toPixel(toXY(map.getCenter())));
  });

  return {
    /** @param {{id: string, pixel: XY, label: string, text: string}[]} points */
    setPoints(points) {
      const list = points.map(({ pixel, ...rest }) => ({ ...rest, at: toPixel(pixel) }));
      handles.set('plan', list, { onMove: (id, at) => events.move(id, toPixel(at)) });
    },
    /** Pixels of the picture to pixels of the element. @param {XY} pixel */
    toContainer([x, y]) {
      const at = map.latLngToContainerPoint([-y, x]);
      return { x: at.x, y: at.y };
    },
    /** @param {XY} pixel @param {number} zoom */
    look: ([x, y], zoom) => map.setView([-y, x], zoom, { animate: false }),
    destroy() {
      observer.disconnect();
      map.remove();
    },
  };
}
/** @typedef {ReturnType<typeof makePictureView>} PictureView */
