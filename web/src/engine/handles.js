/**
 * Named groups of points that can be taken and moved, by mouse, finger and keyboard: the two fixed points of a floor
 * plan, the visitor of a test walk. Arrows nudge a focused one by half a metre, with Shift by five.
 */
import { round } from '../geo.js';
import { h } from '../ui/dom.js';
import { arrowStep } from './keyboard.js';
import { L, toLatLng, toXY } from './leaflet.js';

/** @import {XY} from '../types' */
/** @typedef {{id: string, at: XY, label: string, text?: string, stride?: number}} Handle `label` is read out, `text` is written on it; `stride` times as far goes an arrow key */
/** @typedef {{onMove?: (id: string, at: XY) => void, onDrop?: (id: string, at: XY) => void, onEnter?: (id: string) => void}} HandleEvents */

/** @param {L.Map} map */
export function makeHandles(map) {
  const pane = map.createPane('handles');
  pane.style.zIndex = '640';
  /** @type {Map<string, L.LayerGroup>} */
  const groups = new Map();

  /** @param {string} name */
  function clear(name) {
    groups.get(name)?.remove();
    groups.delete(name);
  }

  /** @param {string} name @param {Handle} handle @param {HandleEvents} events */
  function make(name, { id, at, label, text, stride = 1 }, { onMove, onDrop, onEnter }) {
    const html = h('span', { class: `handle handle-${name}` }, text);
    const marker = L.marker(toLatLng(at), {
      pane: 'handles',
      draggable: true,
      autoPan: true,
      icon: L.divIcon({ className: 'handle-holder', html, iconSize: [0, 0] }),
      ...{ pmIgnore: true, snapIgnore: true },
    });
    marker.on('drag', () => onMove?.(id, toXY(marker.getLatLng())));
    marker.on('dragend', () => onDrop?.(id, toXY(marker.getLatLng())));
    marker.on('add', () => {
      const node = /** @type {HTMLElement} */ (marker.getElement());
      node.setAttribute('aria-label', label);
      node.dataset.testid = `handle-${id}`;
      node.addEventListener('keydown', (event) => {
        const step = arrowStep(event);
        if (!step && !(event.key === 'Enter' && onEnter)) return;
        event.preventDefault();
        event.stopPropagation();
        if (!step) return onEnter?.(id);
        const [x, y] = toXY(marker.getLatLng());
        const next = /** @type {XY} */ ([round(x + step[0] * stride, 2), round(y + step[1] * stride, 2)]);
        marker.setLatLng(toLatLng(next));
        onMove?.(id, next);
        onDrop?.(id, next);
      });
    });
    return marker;
  }

  return {
    /** Shows these handles in place of what `name` showed. @param {string} name @param {Handle[]} handles @param {HandleEvents} [events] */
    set(name, handles, events = {}) {
      clear(name);
      groups.set(name, L.layerGroup(handles.map((handle) => make(name, handle, events))).addTo(map));
    },
    clear,
  };
}
