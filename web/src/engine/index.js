/**
 * The map engine behind a small adapter: everything outside speaks metres and ids, and could be served by another map
 * library. Layers from below: image of the plan (IMAGE_PANE), plan, zones, labels, badges, marks, dots, corners, handles.
 */
import { bounds } from '../geo.js';
import { nameHandle } from './corners.js';
import { makeDotsLayer } from './dots_layer.js';
import { makeDrawing } from './drawing.js';
import { makeEditor } from './editor.js';
import { makeFixtures } from './fixtures.js';
import { makeHand } from './hand.js';
import { makeHandles } from './handles.js';
import { L, toLatLng, toXY } from './leaflet.js';
import { makeMarks } from './marks.js';
import { makePlan } from './plan.js';
import { makePlanImage } from './plan_image.js';
import { snapToNearOnly } from './snapping.js';
import { makeZones } from './zones.js';

/** @import {Shape, XY} from '../types' */
/** @import {Seen} from '../dots.js' */
/** @import {DrawEvents} from './drawing.js' */
/** @import {EditEvents} from './editor.js' */
/**
 * @typedef {DrawEvents & EditEvents & {
 *   click: (hit: {dot: Seen | null, zone: string | null, at: XY}) => void,
 *   hover: (dot: Seen | null, pixel: {x: number, y: number}) => void,
 * }} EngineEvents
 */

const isCoarse = window.matchMedia?.('(pointer: coarse)').matches;
const REACH_PX = isCoarse ? 22 : 11;
const SNAP_PX = isCoarse ? 16 : 12;
/** A point that is revealed keeps so far from the edge. */
const REVEAL_PX = 50;
/** How far around the mall one can look: enough to show any part of it beside an open sheet. */
const MARGIN_M = 800;
/** Below the drawn plan: where a scanned one is shown. */
export const IMAGE_PANE = 'image';

snapToNearOnly();

/**
 * @param {HTMLElement} container
 * @param {EngineEvents} events
 * @param {{fps: number}} options
 */
export function makeEngine(container, events, { fps }) {
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(container, {
    crs: L.CRS.Simple,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    minZoom: -1,
    maxZoom: 6,
    zoomControl: false,
    // the observer below does it; Leaflet's own way has a timer that outlives the map
    trackResize: false,
    attributionControl: false,
    wheelPxPerZoomLevel: 120,
    zoomAnimation: !still,
    fadeAnimation: false,
    inertia: !still,
    ...{ pmIgnore: false },
  });
  map.setView([0, 0], 1);
  L.control.zoom({ position: 'bottomright' }).addTo(map);
  L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
  map.createPane(IMAGE_PANE).style.zIndex = '240';
  const picture = makePlanImage(map, IMAGE_PANE);
  const plan = makePlan(map);
  const fixtures = makeFixtures(map);
  const zones = makeZones(map);
  const dots = makeDotsLayer(map, { fps, still });
  const marks = makeMarks(map);
  const handles = makeHandles(map);
  map.pm.setGlobalOptions({ tooltips: false, snapDistance: SNAP_PX, allowSelfIntersection: false });
  // every handle is a button and needs a name
  map.on('layeradd', ({ layer }) => layer instanceof L.Marker && nameHandle(layer.getElement()));
  const editor = makeEditor(map, events);
  const drawing = makeDrawing(map, {
    ...events,
    drawing(now) {
      editor.rest(now !== null);
      events.drawing(now);
    },
  });
  const dropHand = makeHand(map, { onTap: drawing.drop });
  /** @type {((at: XY) => void) | null} */
  let picker = null;

  const reach = () => REACH_PX / 2 ** map.getZoom();

  map.on('click', ({ latlng }) => {
    if (drawing.tool() || editor.isBusy()) return;
    const at = toXY(latlng);
    if (picker) return picker(at);
    const dot = dots.at(at, reach());
    events.click({ dot, zone: zones.at(at), at });
  });
  map.on('mousemove', ({ latlng, containerPoint }) => {
    if (!containerPoint || drawing.tool() || picker || editor.isBusy()) return;
    const at = toXY(latlng);
    const dot = dots.at(at, reach());
    container.classList.toggle('over-something', Boolean(dot || zones.at(at)));
    dots.hover(dot?.id ?? null);
    events.hover(dot, containerPoint);
  });
  map.on('mouseout', () => {
    dots.hover(null);
    events.hover(null, { x: 0, y: 0 });
  });
  const observer = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false }));
  observer.observe(container);

  /** Shows all of the shapes. @param {Shape[]} shapes @param {{padding?: number, maxZoom?: number, covered?: number}} [options] `covered` pixels at the bottom are hidden */
  function fit(shapes, { padding = 24, maxZoom = 5, covered = 0 } = {}) {
    const box = bounds(shapes);
    if (!box) return;
    // a sheet may leave less room than the padding asks for
    const { x, y } = map.getSize();
    const edge = Math.min(padding, x / 4, Math.max(0, y - covered) / 4);
    map.fitBounds(
      [
        [box[1], box[0]],
        [box[3], box[2]],
      ],
      {
        paddingTopLeft: [edge, edge],
        paddingBottomRight: [edge, edge + covered],
        maxZoom,
        animate: !still,
      },
    );
  }

  return {
    picture,
    plan,
    fixtures,
    zones,
    dots,
    marks,
    handles,
    editor,
    drawing,
    fit,
    /** Clicks on the map go here instead of to zones and shoppers, until null is given. @param {((at: XY) => void) | null} next */
    pick(next) {
      picker = next;
      container.classList.toggle('picking', Boolean(next));
    },
    /** Keeps the view near the mall. @param {Shape | null} outline */
    limit(outline) {
      const box = outline && bounds([outline]);
      if (!box) return;
      map.setMaxBounds([
        [box[1] - MARGIN_M, box[0] - MARGIN_M],
        [box[3] + MARGIN_M, box[2] + MARGIN_M],
      ]);
    },
    /** Pixels inside the container. @param {XY} point */
    toPixel(point) {
      // not `latLngToContainerPoint`, which rounds
      const onLayer = map.project(toLatLng(point)).subtract(map.getPixelOrigin());
      const { x, y } = map.layerPointToContainerPoint(onLayer);
      return { x, y };
    },
    /** @param {XY} centre @param {number} zoom */
    setView: (centre, zoom) => map.setView(toLatLng(centre), zoom, { animate: false }),
    /** Moves the view no more than needed to show a point. @param {XY} point @param {number} [covered] pixels hidden at the bottom */
    reveal: (point, covered = 0) =>
      map.panInside(toLatLng(point), {
        paddingTopLeft: [REVEAL_PX, REVEAL_PX],
        paddingBottomRight: [REVEAL_PX, REVEAL_PX + covered],
        animate: !still,
      }),
    zoom: () => map.getZoom(),
    /** What lies in the middle of the view. @returns {XY} */
    centre: () => toXY(map.getCenter()),
    focus: () => container.focus(),
    /** Points at a place with a note, until `null` is given. @param {XY | null} at @param {string} [note] */
    point(at, note = '') {
      map.closePopup();
      if (at)
        L.popup({ className: 'place-note', autoPan: true })
          .setLatLng(toLatLng(at))
          .setContent(noteNode(note))
          .openOn(map);
    },
    destroy() {
      observer.disconnect();
      dropHand();
      drawing.stop();
      dots.stop();
      map.remove();
    },
  };
}

/** @param {string} text */
function noteNode(text) {
  const node = document.createElement('p');
  node.textContent = text;
  return node;
}
/** @typedef {ReturnType<typeof makeEngine>} Engine */
