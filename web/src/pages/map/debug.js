/**
 * For browser tests, only with `?debug` in the address: from places in the mall to pixels on the page and back.
 */
/** @import {LonLat, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Venue} from './venue.js' */

const isOn = new URLSearchParams(window.location.search).has('debug');

/** @param {Engine} engine @param {Venue} venue */
export function makeDebug(engine, venue) {
  if (!isOn) return;
  /** @param {XY} point */
  const pixel = (point) => {
    const box = /** @type {HTMLElement} */ (document.querySelector('[data-testid=map]')).getBoundingClientRect();
    const { x, y } = engine.toPixel(point);
    return { x: x + box.x, y: y + box.y };
  };
  /** @type {any} */ (window).__geoengage = {
    pixel,
    /** @param {LonLat} point */
    worldPixel: (point) => pixel(venue.frame.toFrame(point)),
    toFrame: venue.frame.toFrame,
    toWorld: venue.frame.toWorld,
    setView: engine.setView,
    zoom: engine.zoom,
    dots: () => engine.dots.seen().map((dot) => ({ id: dot.id, open: dot.open, at: dot.at, ...pixel(dot.at) })),
    zones: () => venue.zones().map(({ id, properties }) => ({ id, name: properties.name, status: properties.status })),
  };
}
