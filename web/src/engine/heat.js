/** A floor plan to look at: the plan with coloured squares over it. Nothing can be edited; it moves and zooms. */
import { bounds } from '../geo.js';
import { L, toLatLng } from './leaflet.js';
import { makePlan } from './plan.js';

/** @import {Plan, XY} from '../types' */
/** @typedef {{at: XY, step: number, text: string}} HeatSquare */

const PANE = 'heat';
const PADDING_PX = 12;

/** @param {HTMLElement} container on the page already */
export function makeHeatPlan(container) {
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(container, {
    crs: L.CRS.Simple,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    minZoom: -1,
    maxZoom: 5,
    // a page that scrolls must not be caught by the map under the pointer
    scrollWheelZoom: false,
    trackResize: false,
    attributionControl: false,
    zoomAnimation: !still,
    fadeAnimation: false,
    inertia: !still,
  });
  map.setView([0, 0], 1);
  const plan = makePlan(map);
  map.createPane(PANE).style.zIndex = '410';
  const renderer = L.svg({ pane: PANE, padding: 0.5 });
  const squares = L.layerGroup().addTo(map);
  const observer = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false }));
  observer.observe(container);

  return {
    /** @param {Plan} next */
    setPlan(next) {
      plan.set(next);
      const box = next.outline && bounds([next.outline]);
      if (!box) return;
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(
        [
          [box[1], box[0]],
          [box[3], box[2]],
        ],
        { padding: [PADDING_PX, PADDING_PX], animate: false },
      );
    },
    /** @param {HeatSquare[]} cells centres in metres @param {number} side metres */
    setSquares(cells, side) {
      squares.clearLayers();
      for (const {
        at: [x, y],
        step,
        text,
      } of cells) {
        L.rectangle([toLatLng([x - side / 2, y - side / 2]), toLatLng([x + side / 2, y + side / 2])], {
          pane: PANE,
          renderer,
          className: `heat heat-${step}`,
          ...{ pmIgnore: true },
        })
          .bindTooltip(text)
          .addTo(squares);
      }
    },
    destroy() {
      observer.disconnect();
      map.remove();
    },
  };
}
