/**
 * The level as a floor plan: outline, units, shops with their names. Nothing here can be clicked or edited; walls can be
 * snapped to.
 */
import { bounds, labelSpot, parts } from '../geo.js';
import { h, svg } from '../ui/dom.js';
import { initials, onBrand, readable, tint } from '../ui/format.js';
import { fitLabel } from './labels.js';
import { L, shapeLayer, toLatLng } from './leaflet.js';

/** @import {DrawnStore, DrawnUnit, Plan, Shape, XY} from '../types' */

const PANE = 'plan';
const LABEL_PANE = 'labels';
const WALL = { pane: PANE, interactive: false, pmIgnore: true, snapIgnore: false };
const INK = { pane: PANE, interactive: false, pmIgnore: true, snapIgnore: true };
/** Below this many pixels a symbol is only noise. */
const MIN_SYMBOL_PX = 13;
const TREAD_M = 0.9;

/** @type {Record<string, string>} */
const SYMBOLS = {
  lift: 'M7 10l3-4 3 4zM7 14l3 4 3-4z',
  entrance: 'M10 3l6 8h-4v6H8v-6H4z',
  restroom:
    'M7 4.5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0zM3.5 7h4v5.5H6.7V17H4.3v-4.5H3.5zM16 4.5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0zM12.7 7h3.6l1.2 5.5h-1.5V17h-3v-4.5h-1.5z',
  parking: 'M6 4h5a4 4 0 0 1 0 8H8.5v4H6zm2.5 2.2v3.6H11a1.8 1.8 0 0 0 0-3.6z',
};

/** @param {L.Map} map */
export function makePlan(map) {
  map.createPane(PANE).style.zIndex = '250';
  const labelPane = map.createPane(LABEL_PANE);
  labelPane.style.zIndex = '420';
  labelPane.style.pointerEvents = 'none';
  const renderer = L.svg({ pane: PANE, padding: 0.5 });
  const shapes = L.layerGroup().addTo(map);
  const labels = L.layerGroup().addTo(map);
  const pen = document.createElement('canvas').getContext('2d');
  /** @type {Plan} */
  let plan = { outline: null, units: [], stores: [] };

  /** @param {string} text @param {number} size */
  function measure(text, size) {
    if (!pen) return text.length * size * 0.6;
    pen.font = `600 ${size}px system-ui, sans-serif`;
    return pen.measureText(text).width;
  }

  /** @param {Shape} shape @param {string} className @param {L.PathOptions} [options] */
  function add(shape, className, options = WALL) {
    shapeLayer(shape, { ...options, renderer, className }).addTo(shapes);
  }

  /** @param {XY[][]} lines @param {string} className */
  function addLines(lines, className) {
    L.polyline(
      lines.map((line) => line.map(toLatLng)),
      { ...INK, renderer, className },
    ).addTo(shapes);
  }

  /** @param {DrawnUnit} unit */
  function drawUnit({ shape, category }) {
    add(shape, `unit unit-${category}`, category === 'corridor' ? INK : WALL);
    if (category === 'escalator' || category === 'stairs') addLines(treads(shape), 'treads');
    if (category === 'void') addLines(cross(shape), 'void-cross');
  }

  /** @param {DrawnStore} store */
  function drawStore({ shape, color }) {
    if (!shape) return;
    shapeLayer(shape, { ...WALL, renderer, className: 'store', fillColor: tint(color, 0.14), fillOpacity: 1 }).addTo(
      shapes,
    );
  }

  function drawLabels() {
    labels.clearLayers();
    const scale = 2 ** map.getZoom();
    for (const unit of plan.units) unitLabel(unit, scale);
    for (const store of plan.stores) storeLabel(store, scale);
  }

  /** @param {XY} at @param {HTMLElement} html */
  function put(at, html) {
    L.marker(toLatLng(at), {
      pane: LABEL_PANE,
      interactive: false,
      keyboard: false,
      pmIgnore: true,
      snapIgnore: true,
      icon: L.divIcon({ className: 'plan-label', html, iconSize: [0, 0] }),
    }).addTo(labels);
  }

  /** @param {DrawnUnit} unit @param {number} scale */
  function unitLabel({ shape, category, name }, scale) {
    const { at, width, height } = labelSpot(shape);
    const room = Math.min(width, height) * scale;
    if (SYMBOLS[category] && room >= MIN_SYMBOL_PX) put(at, symbol(category, Math.min(22, room), turn(category, at)));
    else if (name && ['events_area', 'corridor', 'other', 'parking'].includes(category)) {
      const fit = fitLabel(name, width * scale - 8, height * scale - 4, measure);
      if (fit && fit.lines.length < 3) put(at, text(fit, 'unit-name'));
    }
  }

  /** Entrances point into the mall. @param {string} category @param {XY} at */
  function turn(category, [x, y]) {
    const box = plan.outline && bounds([plan.outline]);
    if (category !== 'entrance' || !box) return 0;
    const gaps = [y - box[1], x - box[0], box[3] - y, box[2] - x];
    return 90 * gaps.indexOf(Math.min(...gaps));
  }

  /** @param {DrawnStore} store @param {number} scale */
  function storeLabel({ shape, name, color, at: point }, scale) {
    const spot = shape ? labelSpot(shape) : { at: /** @type {XY} */ (point), width: 4, height: 4 };
    const [width, height] = [spot.width * scale, spot.height * scale];
    const fit = fitLabel(name, width - 8, height - 6, measure);
    if (fit) return put(spot.at, text(fit, 'store-name', readable(color)));
    const size = Math.min(width, height);
    if (size >= 22) put(spot.at, h('span', { class: 'store-initials', style: onBrand(color) }, initials(name)));
    else if (size >= 9) put(spot.at, h('span', { class: 'store-dot', style: { background: color } }));
  }

  map.on('zoomend', drawLabels);

  return {
    /** @param {Plan} next */
    set(next) {
      plan = next;
      shapes.clearLayers();
      if (plan.outline) add(plan.outline, 'outline');
      for (const unit of plan.units) drawUnit(unit);
      for (const store of plan.stores) drawStore(store);
      if (plan.outline) add(plan.outline, 'outline-wall', INK);
      drawLabels();
    },
  };
}

/** @param {import('./labels.js').Fit} fit @param {string} className @param {string} [color] */
function text({ lines, size, turned }, className, color) {
  return h(
    'span',
    { class: `${className} ${turned ? 'turned' : ''}`, style: { 'font-size': `${size}px`, ...(color && { color }) } },
    lines.map((line) => h('span', null, line)),
  );
}

/** @param {string} category @param {number} size @param {number} degrees */
function symbol(category, size, degrees) {
  return h(
    'span',
    { class: `symbol symbol-${category}` },
    svg(
      'svg',
      { viewBox: '0 0 20 20', width: size, height: size, style: { transform: `rotate(${degrees}deg)` } },
      svg('path', { d: SYMBOLS[category] }),
    ),
  );
}

/** Lines across the longer side, one per tread. @param {Shape} shape @returns {XY[][]} */
function treads(shape) {
  const [minX, minY, maxX, maxY] = /** @type {number[]} */ (bounds([shape]));
  const lengthwise = maxX - minX >= maxY - minY;
  const [from, to] = lengthwise ? [minX, maxX] : [minY, maxY];
  /** @type {XY[][]} */
  const lines = [];
  for (let at = from + TREAD_M; at < to - TREAD_M / 2; at += TREAD_M) {
    lines.push(
      lengthwise
        ? [
            [at, minY],
            [at, maxY],
          ]
        : [
            [minX, at],
            [maxX, at],
          ],
    );
  }
  return lines;
}

/** The two diagonals architects draw through an open space, where it is a rectangle. @param {Shape} shape @returns {XY[][]} */
function cross(shape) {
  const [outer, ...holes] = parts(shape)[0];
  if (holes.length || outer.length > 5) return [];
  return [
    [outer[0], outer[2]],
    [outer[1], outer[3]],
  ];
}
