/**
 * The saved zones on the map with their name badges and live counts. Clicks are found by geometry elsewhere, so that
 * drawing over a zone keeps working; the zone being edited is hidden here and shown by the editor.
 */
import { area, bounds, contains, parts } from '../geo.js';
import { fill, h } from '../ui/dom.js';
import { colour, readable } from '../ui/format.js';
import { L, shapeLayer, toLatLng } from './leaflet.js';

/** @import {DrawnZone, Shape, XY} from '../types' */
/**
 * @typedef {object} Entry
 * @property {DrawnZone} zone
 * @property {string} text what is drawn, as JSON
 * @property {number} size square metres
 * @property {[number, number, number, number]} box
 * @property {L.Polygon | L.Circle} layer
 * @property {L.Marker} marker
 * @property {HTMLElement} badge
 * @property {string} words what the badge says
 * @property {number} room metres for the badge
 * @property {number} pulsedAt
 * @property {number} timer
 */

/** A flash per event would be a strobe in a busy mall. */
const PULSE_GAP_MS = 1500;
const MIN_BADGE_PX = 22;

/** @param {L.Map} map */
export function makeZones(map) {
  const badgePane = map.createPane('badges');
  badgePane.style.zIndex = '430';
  badgePane.style.pointerEvents = 'none';
  const group = L.layerGroup().addTo(map);
  const badges = L.layerGroup().addTo(map);
  /** @type {Map<string, Entry>} */
  const drawn = new Map();
  /** @type {Map<string, number | null>} */
  let counts = new Map();

  /** @param {DrawnZone} zone @param {string} text @param {number} size @returns {Entry} */
  function add(zone, text, size) {
    const color = colour(zone.color);
    const layer = shapeLayer(zone.shape, {
      className: `zone zone-${zone.status} ${zone.outdoor ? 'zone-outdoor' : ''}`,
      color: readable(color),
      fillColor: color,
      interactive: false,
      ...{ pmIgnore: true, snapIgnore: false },
    }).addTo(group);
    const badge = h('span', { class: 'zone-badge', style: { '--zone': readable(color) } });
    const spot = badgeSpot(zone.shape);
    const marker = L.marker(toLatLng(spot.at), {
      pane: 'badges',
      interactive: false,
      keyboard: false,
      pmIgnore: true,
      snapIgnore: true,
      icon: L.divIcon({ className: 'plan-label', html: badge, iconSize: [0, 0] }),
    }).addTo(badges);
    const box = /** @type {Entry['box']} */ (bounds([zone.shape]));
    return { zone, text, size, box, layer, marker, badge, words: '', room: spot.room, pulsedAt: 0, timer: 0 };
  }

  /** @param {string} id @param {Entry} entry */
  function drop(id, entry) {
    window.clearTimeout(entry.timer);
    entry.layer.remove();
    entry.marker.remove();
    group.removeLayer(entry.layer);
    badges.removeLayer(entry.marker);
    drawn.delete(id);
  }

  function writeBadges() {
    const scale = 2 ** map.getZoom();
    for (const entry of drawn.values()) {
      const { zone, badge } = entry;
      const room = entry.room * scale;
      const count = counts.get(zone.id);
      // a shop's own zone lies on the shop's name already
      const name = zone.kind === 'store' || room < zone.name.length * 6 + 30 ? null : zone.name;
      const isHidden = room < MIN_BADGE_PX || (!name && !count);
      // most badges say the same as before
      const words = isHidden ? '-' : `${name ?? ''}|${count ?? ''}`;
      if (words === entry.words) continue;
      entry.words = words;
      badge.hidden = isHidden;
      if (!isHidden) fill(badge, name && h('span', null, name), count ? h('b', null, String(count)) : null);
    }
  }

  map.on('zoomend', writeBadges);

  return {
    /** Only what differs is drawn anew. @param {DrawnZone[]} zones */
    set(zones) {
      const texts = new Map(zones.map((zone) => [zone.id, JSON.stringify(zone)]));
      for (const [id, entry] of drawn) if (texts.get(id) !== entry.text) drop(id, entry);
      const fresh = zones.filter((zone) => !drawn.has(zone.id));
      if (!fresh.length) return;
      for (const zone of fresh) drawn.set(zone.id, add(zone, texts.get(zone.id) ?? '', area(zone.shape)));
      // big ones at the bottom, so that small ones lie on top
      const largest = Math.max(...fresh.map((zone) => drawn.get(zone.id)?.size ?? 0));
      const above = [...drawn.values()].filter((entry) => entry.size <= largest).sort((a, b) => b.size - a.size);
      for (const { layer } of above) layer.bringToFront();
      writeBadges();
    },
    /** @param {Map<string, number | null>} next */
    setCounts(next) {
      counts = next;
      writeBadges();
    },
    /** The smallest zone at a point. @param {XY} point */
    at(point) {
      /** @type {Entry | null} */
      let found = null;
      for (const entry of drawn.values()) {
        if (found && entry.size >= found.size) continue;
        if (inBox(entry.box, point) && contains(entry.zone.shape, point)) found = entry;
      }
      return found?.zone.id ?? null;
    },
    /** @param {string} id @returns {boolean} whether it pulsed now */
    pulse(id) {
      const entry = drawn.get(id);
      const now = performance.now();
      if (!entry || now - entry.pulsedAt < PULSE_GAP_MS) return false;
      entry.pulsedAt = now;
      const element = entry.layer.getElement();
      window.clearTimeout(entry.timer);
      element?.classList.remove('zone-pulse');
      // reading the size makes the browser start the animation again
      element?.getBoundingClientRect();
      element?.classList.add('zone-pulse');
      entry.timer = window.setTimeout(() => element?.classList.remove('zone-pulse'), 1400);
      return true;
    },
  };
}

/** @param {[number, number, number, number]} box @param {XY} point */
const inBox = ([minX, minY, maxX, maxY], [x, y]) => x >= minX && x <= maxX && y >= minY && y <= maxY;

/**
 * The corner nearest to the top left of the largest part, where a badge hides least, and how wide that part is.
 * @param {Shape} shape
 * @returns {{at: XY, room: number}} metres
 */
function badgeSpot(shape) {
  const whole = parts(shape).map((rings) => /** @type {Shape} */ ({ type: 'Polygon', coordinates: rings }));
  const largest = whole.reduce((best, part) => (area(part) > area(best) ? part : best));
  const [minX, minY, maxX, maxY] = /** @type {number[]} */ (bounds([largest]));
  /** @param {XY} p */
  const gap = (p) => Math.hypot(p[0] - minX, p[1] - maxY);
  const at = parts(largest)[0][0].reduce((best, point) => (gap(point) < gap(best) ? point : best));
  return { at, room: Math.min(maxX - minX, (maxY - minY) * 2) };
}
