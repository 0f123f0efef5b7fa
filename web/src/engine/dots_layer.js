/**
 * The walkers on one canvas inside a map pane, a quarter larger than the view, so that panning moves them for free.
 * A worker draws them where the browser can hand a canvas over; who is under the pointer is found here.
 */
import { NOBODY, everyone, nearest, nextWalk } from '../dots.js';
import { clock, makePainter } from './dots_painter.js';
import { L, toLatLng } from './leaflet.js';

/** @import {Frame} from '../dots.js' */
/** @import {Change} from './dots_painter.js' */
/** @import {XY} from '../types' */

const MARGIN = 0.125;
/** Far enough apart that the affine is exact to a fraction of a pixel. */
const BASE_M = 1000;

/** @param {L.Map} map @param {{fps: number, still: boolean}} options */
export function makeDotsLayer(map, { fps, still }) {
  const pane = map.createPane('dots');
  pane.style.zIndex = '450';
  pane.style.pointerEvents = 'none';
  let walk = NOBODY;
  let origin = L.point(0, 0);
  let size = L.point(0, 0);
  /** @type {string | null} */
  let hovered = null;
  let canvas = L.DomUtil.create('canvas', 'dots leaflet-zoom-hide', pane);
  let painter = startWorker(canvas, fps, drawHere) ?? makePainter(canvas, fps);

  /** The worker did not start: the page draws on a fresh canvas. */
  function drawHere() {
    canvas.remove();
    canvas = L.DomUtil.create('canvas', 'dots leaflet-zoom-hide', pane);
    painter = makePainter(canvas, fps);
    place();
    painter.take({ walk });
  }

  function place() {
    const corner = map.getSize().multiplyBy(-MARGIN).round();
    origin = map.containerPointToLayerPoint(corner);
    size = map.getSize().subtract(corner.multiplyBy(2));
    L.DomUtil.setPosition(canvas, origin);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    painter.take({ view: view() });
  }

  /** @returns {import('./dots_pixels.js').View} */
  function view() {
    const ratio = window.devicePixelRatio || 1;
    /** @param {XY} point */
    const pixel = (point) =>
      map.project(toLatLng(point)).subtract(map.getPixelOrigin()).subtract(origin).multiplyBy(ratio);
    const [zero, x, y] = [pixel([0, 0]), pixel([BASE_M, 0]), pixel([0, BASE_M])];
    const along = x.subtract(zero).divideBy(BASE_M);
    const up = y.subtract(zero).divideBy(BASE_M);
    return {
      width: Math.max(1, Math.round(size.x * ratio)),
      height: Math.max(1, Math.round(size.y * ratio)),
      ratio,
      affine: [along.x, along.y, up.x, up.y, zero.x, zero.y],
    };
  }

  /** Whether the canvas still fills the view; then a pan needs no new place, and no frame is drawn in the wrong one. */
  function covers() {
    const corner = map.layerPointToContainerPoint(origin);
    const [end, view] = [corner.add(size), map.getSize()];
    return corner.x <= 0 && corner.y <= 0 && end.x >= view.x && end.y >= view.y;
  }

  map.on('zoomend viewreset resize', place);
  map.on('moveend', () => covers() || place());
  place();

  return {
    /** @param {Frame} frame */
    frame(frame) {
      walk = nextWalk(walk, frame, clock(), still);
      painter.take({ walk });
    },
    clear() {
      walk = NOBODY;
      painter.take({ walk });
    },
    /** @param {XY} point @param {number} reach metres */
    at: (point, reach) => nearest(walk, point, reach, clock()),
    /** @param {string | null} id */
    hover(id) {
      if (id === hovered) return;
      hovered = id;
      painter.take({ hovered: id === null ? null : BigInt(`0x${id}`) });
    },
    seen: () => everyone(walk, clock()),
    stop: () => painter.stop(),
  };
}

/**
 * A painter in a worker that owns the canvas, or null where the browser cannot do that.
 * @param {HTMLCanvasElement} canvas
 * @param {number} fps
 * @param {() => void} onFailed
 * @returns {{take: (change: Change) => void, stop: () => void} | null}
 */
function startWorker(canvas, fps, onFailed) {
  if (!('transferControlToOffscreen' in canvas) || !('Worker' in window)) return null;
  const worker = new Worker(new URL('./dots_worker.js', import.meta.url), { type: 'module' });
  worker.addEventListener('error', onFailed, { once: true });
  const given = canvas.transferControlToOffscreen();
  worker.postMessage({ canvas: given, fps }, [given]);
  return { take: (change) => worker.postMessage(change), stop: () => worker.terminate() };
}
