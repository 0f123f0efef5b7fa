/**
 * A north-up map of anywhere: stores on streets, outlines, catchments; with street tiles where they are configured.
 *
 * It is drawn in Web Mercator, so that tiles fit, yet its Leaflet coordinates are metres around `origin` ([y, x]), like
 * those of the mall's map: one editor serves both. Away from the origin Mercator's metre grows, so circles are drawn as
 * rings that were computed around their own centre. What is outside speaks lon, lat.
 */
import { contains, distance, makeFrame, area, parts, shapeFromGeoJson, shapeToGeoJson } from '../geo.js';
import { h } from '../ui/dom.js';
import { nameHandle } from './corners.js';
import { makeDrawing } from './drawing.js';
import { makeEditor } from './editor.js';
import { makeGraticule } from './graticule.js';
import { makeHand } from './hand.js';
import { L, shapeLayer, toLatLng } from './leaflet.js';

/** @import {GeoJson, LonLat, Shape} from '../types' */
/** @import {Frame} from '../geo.js' */
/** @import {Drawing} from './drawing.js' */
/**
 * @typedef {object} DrawnPlace
 * @property {string | null} key what a click on it reports; null is scenery
 * @property {GeoJson} geometry
 * @property {number | null} [radius] of a Point that is a circle, metres
 * @property {string} className
 * @property {string} [color]
 */
/** @typedef {{key: string, at: LonLat, label: string, color: string, className?: string, minZoom?: number}} Pin not shown further out than `minZoom` */
/**
 * @typedef {object} WorldEvents
 * @property {(hit: {pin: string | null, place: string | null, at: LonLat}) => void} click
 * @property {(geometry: GeoJson) => void} [drawn] a polygon was drawn
 * @property {(geometry: GeoJson) => void} [edited]
 * @property {(now: Drawing | null) => void} [drawing] at the start, after each corner, and null at the end
 */

const REACH_PX = window.matchMedia?.('(pointer: coarse)').matches ? 24 : 14;
const LABEL = { char: 7, edge: 26, height: 20 };
const SCENERY = { interactive: false, smoothFactor: 0, ...{ pmIgnore: true, snapIgnore: false } };
const RING_CORNERS = 72;
const MAX_NATIVE_ZOOM = 19;

/**
 * @param {HTMLElement} container
 * @param {{origin: LonLat, tiles: string | null, canDraw?: boolean}} options
 * @param {WorldEvents} events
 */
export function makeWorldMap(container, { origin, tiles, canDraw = false }, events) {
  const frame = makeFrame({ origin, bearing_deg: 0 });
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(container, {
    crs: localMercator(frame),
    // tiles are sharp at whole zooms only
    zoomSnap: tiles ? 1 : 0.25,
    minZoom: 2,
    maxZoom: 21,
    zoomControl: false,
    trackResize: false,
    attributionControl: false,
    zoomAnimation: !still,
    fadeAnimation: false,
    inertia: !still,
    ...{ pmIgnore: false },
  });
  map.setView([0, 0], 14);
  L.control.zoom({ position: 'bottomright' }).addTo(map);
  L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
  if (tiles) L.tileLayer(tiles, { maxNativeZoom: MAX_NATIVE_ZOOM, maxZoom: 21 }).addTo(map);
  else makeGraticule(map, frame);
  const shapes = L.layerGroup().addTo(map);
  const pins = L.layerGroup().addTo(map);
  /** @type {{key: string | null, shape: Shape | null}[]} */
  let places = [];
  /** @type {{pin: Pin, node: HTMLElement, label: HTMLElement}[]} */
  let stuck = [];

  const pen = canDraw ? makePen(map, frame, events) : null;

  map.on('click', ({ latlng, containerPoint }) => {
    if (pen?.drawing.tool() || pen?.editor.isBusy()) return;
    const at = frame.toWorld([latlng.lng, latlng.lat]);
    events.click({ pin: pinAt(containerPoint), place: placeAt([latlng.lng, latlng.lat]), at });
  });
  map.on('zoomend moveend', thinLabels);
  const observer = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false }));
  observer.observe(container);

  /** @param {L.Point} pixel */
  function pinAt(pixel) {
    const hits = stuck
      .filter(({ node }) => !node.hidden)
      .map(({ pin }) => ({ pin, gap: pixel.distanceTo(map.latLngToContainerPoint(toLatLng(frame.toFrame(pin.at)))) }))
      .filter(({ gap }) => gap <= REACH_PX)
      .sort((a, b) => a.gap - b.gap);
    return hits[0]?.pin.key ?? null;
  }

  /** The smallest shape there. @param {[number, number]} point */
  function placeAt(point) {
    const hits = places.flatMap(({ key, shape }) =>
      key && shape && contains(shape, point) ? [{ key, size: area(shape) }] : [],
    );
    hits.sort((a, b) => a.size - b.size);
    return hits[0]?.key ?? null;
  }

  /** Of labels that would lie on each other only the first stays. */
  function thinLabels() {
    /** @type {[number, number, number, number][]} */
    const taken = [];
    for (const { pin, node, label } of stuck) {
      node.hidden = map.getZoom() < (pin.minZoom ?? 0);
      if (node.hidden) continue;
      const { x, y } = map.latLngToContainerPoint(toLatLng(frame.toFrame(pin.at)));
      const box = /** @type {[number, number, number, number]} */ ([
        x,
        y - LABEL.height / 2,
        x + pin.label.length * LABEL.char + LABEL.edge,
        y + LABEL.height / 2,
      ]);
      const isFree = !taken.some((other) => overlap(box, other));
      label.hidden = !isFree;
      if (isFree) taken.push(box);
    }
  }

  /** @param {Pin} pin */
  function stick(pin) {
    const label = h('b', null, pin.label);
    const node = h(
      'span',
      { class: `pin ${pin.className ?? ''}`, 'data-pin': pin.key },
      h('i', { style: { background: pin.color } }),
      label,
    );
    L.marker(toLatLng(frame.toFrame(pin.at)), {
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: 'plan-label', html: node, iconSize: [0, 0] }),
      ...{ pmIgnore: true, snapIgnore: true },
    }).addTo(pins);
    stuck.push({ pin, node, label });
  }

  return {
    /** What draws polygons, where that may be done. */
    drawing: pen?.drawing ?? null,
    /** @param {DrawnPlace[]} list what is drawn last lies on top */
    setPlaces(list) {
      shapes.clearLayers();
      places = list.map(({ key, geometry, radius, className, color }) => {
        const look = { className: `place ${className}`, ...(color && { color, fillColor: color }), ...SCENERY };
        const line = lineIn(frame, geometry);
        if (line) L.polyline(line, { ...look, fill: false }).addTo(shapes);
        const shape = line ? null : shapeIn(frame, geometry, radius ?? 0);
        if (shape) shapeLayer(shape, look).addTo(shapes);
        return { key, shape };
      });
    },
    /** @param {Pin[]} list the first ones keep their label where there is no room for all */
    setPins(list) {
      pins.clearLayers();
      stuck = [];
      list.forEach(stick);
      thinLabels();
    },
    /** @param {{geometry: GeoJson, radius?: number | null}[]} list @param {number} [maxZoom] */
    fit(list, maxZoom = 18) {
      const points = list.flatMap(
        ({ geometry, radius }) =>
          lineIn(frame, geometry)?.flat() ??
          parts(shapeIn(frame, geometry, radius ?? 0))
            .flat(2)
            .map(toLatLng),
      );
      if (points.length) map.fitBounds(L.latLngBounds(points), { padding: [40, 40], maxZoom, animate: false });
    },
    /** @param {LonLat} at @param {number} [zoom] */
    look: (at, zoom = map.getZoom()) => map.setView(toLatLng(frame.toFrame(at)), zoom, { animate: false }),
    centre() {
      const { lat, lng } = map.getCenter();
      return frame.toWorld([lng, lat]);
    },
    zoom: () => map.getZoom(),
    /** A shape to be changed by its corners, or null. @param {GeoJson | null} geometry @param {string} color */
    edit: (geometry, color) =>
      pen?.editor.edit(geometry && shapeFromGeoJson(frame, geometry), { color, mode: 'corners' }),
    /** Points at a place with a note, until null is given. @param {LonLat | null} at @param {string} [note] */
    point(at, note = '') {
      map.closePopup();
      const options = { className: 'place-note', autoPan: true };
      if (at)
        L.popup(options)
          .setLatLng(toLatLng(frame.toFrame(at)))
          .setContent(h('p', null, note))
          .openOn(map);
    },
    /** Pixels inside the container. @param {LonLat} at */
    toPixel(at) {
      const { x, y } = map.latLngToContainerPoint(toLatLng(frame.toFrame(at)));
      return { x, y };
    },
    destroy() {
      pen?.stop();
      observer.disconnect();
      map.remove();
    },
  };
}
/** @typedef {ReturnType<typeof makeWorldMap>} WorldMap */

/** The mall's tools for one shape, on this map. @param {L.Map} map @param {Frame} frame @param {WorldEvents} events */
function makePen(map, frame, events) {
  const aim = () => {};
  map.pm.setGlobalOptions({ tooltips: false, allowSelfIntersection: false, snappable: false });
  map.on('layeradd', ({ layer }) => layer instanceof L.Marker && nameHandle(layer.getElement()));
  const editor = makeEditor(map, { aim, edited: (shape) => events.edited?.(shapeToGeoJson(frame, shape)) });
  const drawing = makeDrawing(map, {
    aim,
    drawn: (shape) => events.drawn?.(shapeToGeoJson(frame, shape)),
    drawing(now) {
      editor.rest(now !== null);
      events.drawing?.(now);
    },
  });
  const dropHand = makeHand(map, { onTap: drawing.drop });
  return {
    editor,
    drawing,
    stop() {
      dropHand();
      drawing.stop();
    },
  };
}

/**
 * Web Mercator's pixels for coordinates that are metres of the frame.
 * @param {Frame} frame
 * @returns {L.CRS}
 */
function localMercator(frame) {
  const mercator = L.Projection.SphericalMercator;
  /** @param {L.LatLng} latlng */
  const world = ({ lat, lng }) => frame.toWorld([lng, lat]);
  const made = L.extend({}, L.CRS, {
    transformation: /** @type {any} */ (L.CRS.EPSG3857).transformation,
    projection: {
      bounds: mercator.bounds,
      /** @param {L.LatLng} latlng */
      project(latlng) {
        const [lon, lat] = world(latlng);
        return mercator.project(L.latLng(lat, lon));
      },
      /** @param {L.Point} point */
      unproject(point) {
        const { lat, lng } = mercator.unproject(point);
        return L.latLng(toLatLng(frame.toFrame([lng, lat])));
      },
    },
    /** @param {L.LatLng} a @param {L.LatLng} b */
    distance: (a, b) => distance(world(a), world(b)),
  });
  return /** @type {any} */ (made);
}

/**
 * A place in the frame's metres; a circle as the ring around its own centre, a bare point as nothing to fill.
 * @param {Frame} frame
 * @param {GeoJson} geometry
 * @param {number} radius
 * @returns {Shape}
 */
function shapeIn(frame, geometry, radius) {
  if (geometry.type !== 'Point') return shapeFromGeoJson(frame, geometry);
  const own = makeFrame({ origin: geometry.coordinates, bearing_deg: 0 });
  const ring = Array.from({ length: RING_CORNERS }, (_, i) => {
    const turn = (i / RING_CORNERS) * 2 * Math.PI;
    return frame.toFrame(own.toWorld([radius * Math.cos(turn), radius * Math.sin(turn)]));
  });
  return { type: 'Polygon', coordinates: [ring] };
}

/** @param {Frame} frame @param {GeoJson} geometry @returns {L.LatLngTuple[][] | null} null for what is no line */
function lineIn(frame, { type, coordinates }) {
  if (type !== 'LineString' && type !== 'MultiLineString') return null;
  /** @type {LonLat[][]} */
  const lines = type === 'LineString' ? [coordinates] : coordinates;
  return lines.map((line) => line.map((point) => toLatLng(frame.toFrame(point))));
}

/** @param {number[]} a @param {number[]} b */
const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
