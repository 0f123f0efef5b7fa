/** Doors and amenities of a level: openings as gaps in the wall lines, amenities as small signs. Nothing here is clicked. */
import { h, svg } from '../ui/dom.js';
import { L, toLatLng } from './leaflet.js';

/** @import {XY} from '../types' */
/** @typedef {{lines: XY[][], at: XY | null, sign: string | null, name: string}} Fixture in the mall's metres */

const PANE = 'fixtures';
/** Below this zoom (pixels to a metre) signs would only be noise. */
const MIN_SCALE = 1.6;
/** @type {Record<string, string>} 20-unit signs; what is not listed is a dot */
const SIGNS = {
  atm: 'M3 6h14v8H3zM10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z',
  bench: 'M3 9h14v2H3zM4 11h2v4H4zM14 11h2v4h-2z',
  charging: 'M11 2 5 11h4l-1 7 7-10h-5z',
  elevator: 'M6 9l4-5 4 5zM6 11l4 5 4-5z',
  escalator: 'M3 15h4l6-8h4v-2h-5l-6 8H3z',
  fitting: 'M10 4a1.8 1.8 0 0 1 1 3.3V9l6 5H3l6-5V7h1a.8.8 0 1 0-.8-.8H7.7A2.2 2.2 0 0 1 10 4z',
  info: 'M8.8 4h2.4v2.4H8.8zM8.8 8h2.4v8H8.8z',
  parking: 'M6 3h5a4 4 0 0 1 0 8H8.5v6H6zm2.5 2.2v3.6H11a1.8 1.8 0 0 0 0-3.6z',
  phone: 'M6 2h8v16H6zM9 15h2v1.2H9z',
  restroom:
    'M7 4.5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0zM3.5 7h4v5.5H6.7V17H4.3v-4.5H3.5zM16 4.5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0zM12.7 7h3.6l1.2 5.5h-1.5V17h-3v-4.5h-1.5z',
  seating: 'M5 3h2v7h8v7h-2v-4H7v4H5z',
  stairs: 'M3 16v-3h4v-3h4V7h4V4h2v4h-4v3H9v3H5v2z',
  water: 'M10 3c3 4 4.5 6 4.5 8.5a4.5 4.5 0 0 1-9 0C5.5 9 7 7 10 3z',
};
/** @type {[RegExp, keyof typeof SIGNS][]} IMDF's many categories, by their words */
const WORDS = [
  [/restroom|toilet|changing|baby/, 'restroom'],
  [/elevator|lift/, 'elevator'],
  [/escalator|walkway/, 'escalator'],
  [/stair|ramp/, 'stairs'],
  [/atm|bank|cash|ticket|checkin/, 'atm'],
  [/info|service|concierge|reception/, 'info'],
  [/charg|powerstation|electric/, 'charging'],
  [/parking|valet|taxi|rideshare|carrental/, 'parking'],
  [/phone|kiosk/, 'phone'],
  [/drinking|water|fountain/, 'water'],
  [/seat|bench|lounge/, 'seating'],
  [/coat|cloak|fitting/, 'fitting'],
];

/** The sign for a category, or null for the dot. @param {string} category */
export const signOf = (category) => WORDS.find(([words]) => words.test(category.toLowerCase()))?.[1] ?? null;

/** @param {L.Map} map */
export function makeFixtures(map) {
  const pane = map.createPane(PANE);
  pane.style.zIndex = '415';
  pane.style.pointerEvents = 'none';
  const renderer = L.svg({ pane: PANE, padding: 0.5 });
  const openings = L.layerGroup().addTo(map);
  const signs = L.layerGroup().addTo(map);
  /** @type {Fixture[]} */
  let fixtures = [];

  /** A light line over the wall, and a thin one for the threshold. @param {Fixture} fixture */
  function open({ lines }) {
    const points = lines.map((line) => line.map(toLatLng));
    const ink = { pane: PANE, renderer, interactive: false, ...{ pmIgnore: true, snapIgnore: true } };
    L.polyline(points, { ...ink, className: 'opening' }).addTo(openings);
    L.polyline(points, { ...ink, className: 'threshold' }).addTo(openings);
  }

  /** @param {Fixture} fixture */
  function sign({ at, sign: name, name: words }) {
    if (!at) return;
    const html = h(
      'span',
      { class: 'fixture', title: words },
      name
        ? svg('svg', { viewBox: '0 0 20 20', width: 13, height: 13 }, svg('path', { d: SIGNS[name] }))
        : h('i', null),
    );
    L.marker(toLatLng(at), {
      pane: PANE,
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: 'plan-label', html, iconSize: [0, 0] }),
      ...{ pmIgnore: true, snapIgnore: true },
    }).addTo(signs);
  }

  function drawSigns() {
    signs.clearLayers();
    if (2 ** map.getZoom() >= MIN_SCALE) fixtures.forEach(sign);
  }

  map.on('zoomend', drawSigns);

  return {
    /** @param {Fixture[]} next */
    set(next) {
      fixtures = next;
      openings.clearLayers();
      fixtures.filter(({ lines }) => lines.length).forEach(open);
      drawSigns();
    },
  };
}
