/**
 * Geoman's handles as buttons with names: which corner a handle is, what it is called, and where the focus goes. Geoman
 * keeps them as plain markers; only this file knows how.
 */
import { round } from '../geo.js';
import { cornerAt, openParts } from '../shapes.js';

/** @import {Shape} from '../types' */
/** @import {Path} from '../shapes.js' */
/** @import {L} from './leaflet.js' */
/** @typedef {{path: Path, isNew: boolean}} Grip `isNew`: the small handle behind that corner, which adds one */

/** Handles that only follow the pointer are nothing to stop at. */
const FOLLOWS = /cursor-marker|rect-st/;

/** A name as soon as there is a handle; its place is added by nameCorners. @param {HTMLElement | undefined} handle */
export function nameHandle(handle) {
  if (!handle?.classList.contains('marker-icon')) return;
  if (FOLLOWS.test(handle.className)) {
    handle.setAttribute('aria-hidden', 'true');
    handle.removeAttribute('tabindex');
    handle.removeAttribute('role');
  } else
    handle.setAttribute('aria-label', handle.classList.contains('marker-icon-middle') ? 'Add a corner here' : 'Corner');
}

/** @param {L.Polygon | L.Circle} layer @returns {any[][][]} markers by part, ring, corner */
function markers(layer) {
  const all = /** @type {any} */ (layer.pm)._markers ?? [];
  return Array.isArray(all[0]?.[0]) ? all : [all];
}

/** Says each corner's number and place. @param {L.Polygon | L.Circle} layer @param {Shape} shape */
export function nameCorners(layer, shape) {
  if (shape.type === 'Point') return nameCircle(layer);
  const several = openParts(shape).length > 1;
  for (const [part, rings] of markers(layer).entries()) {
    for (const [ring, corners] of rings.entries()) {
      const place = (ring ? `, hole ${ring}` : '') + (several ? `, part ${part + 1}` : '');
      for (const [index, marker] of corners.entries()) {
        const at = cornerAt(shape, [part, ring, index]);
        if (at)
          marker._icon?.setAttribute(
            'aria-label',
            `Corner ${index + 1}${place}: x ${round(at[0], 2)}, y ${round(at[1], 2)}`,
          );
        marker._middleMarkerNext?._icon?.setAttribute('aria-label', `Add a corner after corner ${index + 1}${place}`);
      }
    }
  }
}

/** @param {L.Polygon | L.Circle} layer */
function nameCircle(layer) {
  const { _centerMarker: centre, _outerMarker: outer } = /** @type {any} */ (layer.pm);
  centre?._icon?.setAttribute('aria-label', 'Centre of the circle');
  outer?._icon?.setAttribute('aria-label', 'Edge of the circle');
}

/** Which corner a handle is. @param {L.Polygon | L.Circle} layer @param {Element} handle @returns {Grip | null} */
export function gripOf(layer, handle) {
  for (const [part, rings] of markers(layer).entries()) {
    for (const [ring, corners] of rings.entries()) {
      for (const [index, marker] of corners.entries()) {
        if (marker._icon === handle) return { path: [part, ring, index], isNew: false };
        if (marker._middleMarkerNext?._icon === handle) return { path: [part, ring, index], isNew: true };
      }
    }
  }
  return null;
}

/** What of a circle a handle is. @param {L.Polygon | L.Circle} layer @param {Element} handle @returns {'centre' | 'edge' | null} */
export function circleGripOf(layer, handle) {
  const { _centerMarker: centre, _outerMarker: outer } = /** @type {any} */ (layer.pm);
  if (centre?._icon === handle) return 'centre';
  return outer?._icon === handle ? 'edge' : null;
}

/** Gives the focus back to a corner, or to the last one of its ring. @param {L.Polygon | L.Circle} layer @param {Path} path */
export function focusCorner(layer, [part, ring, index]) {
  const corners = markers(layer)[part]?.[ring];
  corners?.[Math.min(index, corners.length - 1)]?._icon?.focus();
}

/** @param {L.Polygon | L.Circle} layer @param {'centre' | 'edge'} grip */
export function focusCircle(layer, grip) {
  const { _centerMarker: centre, _outerMarker: outer } = /** @type {any} */ (layer.pm);
  (grip === 'centre' ? centre : outer)?._icon?.focus();
}
