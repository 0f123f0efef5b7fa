/**
 * The saved zones on the map with their name badges and live counts. Clicks are found by geometry elsewhere, so that
 * drawing over a zone keeps working; the zone being edited is hidden here and shown by the editor.
 */
import { area, bounds, contains, parts } from '../geo.js';
import { fill, h } from '../ui/dom.js';
import { colour, readable } from '../ui/format.js';
import { L, shapeLayer, toLatLng } from './leaflet.js';

/** @import {DrawnZone, Shape, XY} from '../types' */

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
  /** @type {Map<string, {zone: DrawnZone, layer: L.Path, badge: HTMLElement, room: number, pulsedAt: number, timer: number}>} */
  const drawn = new Map();
  /** @type {Map<string, number | null>} */
  let counts = new Map();

  /** @param {DrawnZone} zone */
  function add(zone) {
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
    L.marker(toLatLng(spot.at), {
      pane: 'badges',
      interactive: false,
      keyboard: false,
      pmIgnore: true,
      snapIgnore: true,
      icon: L.divIcon({ className: 'plan-label', html: badge, iconSize: [0, 0] }),
    }).addTo(badges);
    drawn.set(zone.id, { zone, layer, badge, room: spot.room, pulsedAt: 0, timer: 0 });
  }

  function writeBadges() {
    const scale = 2 ** map.getZoom();
    for (const { zone, badge, room: metres } of drawn.values()) {
      const room = metres * scale;
      const count = counts.get(zone.id);
      // a shop's own zone lies on the shop's name already
      const name = zone.kind === 'store' || room < zone.name.length * 6 + 30 ? null : zone.name;
      badge.hidden = room < MIN_BADGE_PX || (!name && !count);
      fill(badge, name && h('span', null, name), count ? h('b', null, String(count)) : null);
    }
  }

  map.on('zoomend', writeBadges);

  return {
    /** @param {DrawnZone[]} zones */
    set(zones) {
      group.clearLayers();
      badges.clearLayers();
      drawn.clear();
      // big ones first, so that small ones lie on top
      for (const zone of [...zones].sort((a, b) => area(b.shape) - area(a.shape))) add(zone);
      writeBadges();
    },
    /** @param {Map<string, number | null>} next */
    setCounts(next) {
      counts = next;
      writeBadges();
    },
    /** The smallest zone at a point. @param {XY} point */
    at(point) {
      const hits = [...drawn.values()].filter(({ zone }) => contains(zone.shape, point));
      hits.sort((a, b) => area(a.zone.shape) - area(b.zone.shape));
      return hits[0]?.zone.id ?? null;
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
