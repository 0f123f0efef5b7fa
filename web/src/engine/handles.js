/**
 * Named groups of points that can be taken and moved, by mouse, finger and keyboard: the two fixed points of a floor
 * plan, the visitor of a test walk. Arrows nudge a focused one by half a metre, with Shift by five.
 */
import { round } from '../geo.js';
import { h } from '../ui/dom.js';
import { arrowStep } from './keyboard.js';
import { L, toLatLng, toXY } from './leaflet.js';

/** @import {XY} from '../types' */
/**
 * `label` is read out, `text` or `content` is on it; `look`: further classes; `stride` times as far goes an arrow key; a
 * `locked` one is only looked at: clicks go through it.
 * @typedef {{id: string, at: XY, label: string, text?: string, content?: Node, look?: string, stride?: number, locked?: boolean}} Handle
 */
/**
 * `onPick` is a click or Enter, `onEnter` Enter alone.
 * @typedef {{onMove?: (id: string, at: XY) => void, onDrop?: (id: string, at: XY) => void, onEnter?: (id: string) => void,
 *   onPick?: (id: string) => void}} HandleEvents
 */

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
  function make(name, { id, at, label, text, content, look = '', stride = 1, locked = false }, events) {
    const { onMove, onDrop, onPick } = events;
    const onEnter = events.onEnter ?? onPick;
    const html = h('span', { class: `handle handle-${name} ${look}` }, content ?? text);
    const marker = L.marker(toLatLng(at), {
      pane: 'handles',
      draggable: !locked,
      interactive: !locked,
      keyboard: !locked,
      autoPan: true,
      icon: L.divIcon({ className: 'handle-holder', html, iconSize: [0, 0] }),
      ...{ pmIgnore: true, snapIgnore: true },
    });
    marker.on('drag', () => onMove?.(id, toXY(marker.getLatLng())));
    marker.on('dragend', () => onDrop?.(id, toXY(marker.getLatLng())));
    marker.on('click', () => onPick?.(id));
    marker.on('add', () => {
      const node = /** @type {HTMLElement} */ (marker.getElement());
      if (locked) node.setAttribute('aria-hidden', 'true');
      else node.setAttribute('aria-label', label);
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
