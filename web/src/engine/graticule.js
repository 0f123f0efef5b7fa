/** Lines of equal longitude and latitude with their degrees: what orients a map that has no streets under it. */
import { h } from '../ui/dom.js';
import { L, toLatLng } from './leaflet.js';

/** @import {LonLat} from '../types' */
/** @import {Frame} from '../geo.js' */

const STEPS = [
  0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30,
];
const MIN_GAP_PX = 130;
const MAX_LAT = 84;
const INK = { pane: 'graticule', interactive: false, ...{ pmIgnore: true, snapIgnore: true } };

/** @param {L.Map} map whose coordinates are metres of `frame` @param {Frame} frame */
export function makeGraticule(map, frame) {
  const pane = map.createPane('graticule');
  pane.style.zIndex = '210';
  pane.style.pointerEvents = 'none';
  const renderer = L.svg({ pane: 'graticule', padding: 0.3 });
  const group = L.layerGroup().addTo(map);

  /** @param {LonLat[]} line */
  function add(line) {
    const points = line.map((point) => toLatLng(frame.toFrame(point)));
    L.polyline(points, { ...INK, renderer, className: 'graticule' }).addTo(group);
  }

  /** @param {LonLat} at @param {string} text @param {string} side */
  function label(at, text, side) {
    const html = h('span', { class: `degrees degrees-${side}` }, text);
    const icon = L.divIcon({ className: 'plan-label', html, iconSize: [0, 0] });
    L.marker(toLatLng(frame.toFrame(at)), { ...INK, keyboard: false, icon }).addTo(group);
  }

  function draw() {
    group.clearLayers();
    const { x: width, y: height } = map.getSize();
    if (!width || !height) return;
    /** @param {number} x @param {number} y */
    const world = (x, y) => {
      const { lat, lng } = map.containerPointToLatLng([x, y]);
      return frame.toWorld([lng, lat]);
    };
    const [west, south] = world(0, height);
    const [east, north] = world(width, 0);
    const step = STEPS.find((size) => (width * size) / (east - west) >= MIN_GAP_PX) ?? 30;
    const [bottom, top] = [Math.max(south, -MAX_LAT), Math.min(north, MAX_LAT)];
    for (const lon of multiples(west, east, step)) {
      add([
        [lon, bottom],
        [lon, top],
      ]);
      label([lon, top], degrees(lon, step, 'E', 'W'), 'top');
    }
    for (const lat of multiples(bottom, top, step)) {
      add([
        [west, lat],
        [east, lat],
      ]);
      label([west, lat], degrees(lat, step, 'N', 'S'), 'left');
    }
  }

  map.on('moveend resize', draw);
}

/** @param {number} from @param {number} to @param {number} step */
function multiples(from, to, step) {
  const found = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) found.push(i * step);
  return found;
}

/** @param {number} value @param {number} step @param {string} plus @param {string} minus */
function degrees(value, step, plus, minus) {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return `${Math.abs(value).toFixed(decimals)}° ${value < 0 ? minus : plus}`;
}
