/**
 * Draws the walkers on one canvas inside a map pane, so that panning moves them for free. Frames are capped; nothing is
 * drawn while nothing moves.
 */
import { makeWalkers, nearest } from '../dots.js';
import { L, toLatLng } from './leaflet.js';

/** @import {XY} from '../types' */

const RADIUS = 4.5;
const MARGIN = 0.125;

/** @param {L.Map} map @param {{fps: number, still: boolean}} options */
export function makeDotsLayer(map, { fps, still }) {
  const pane = map.createPane('dots');
  pane.style.zIndex = '450';
  pane.style.pointerEvents = 'none';
  const canvas = L.DomUtil.create('canvas', 'dots leaflet-zoom-hide', pane);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const walkers = makeWalkers(still);
  let origin = L.point(0, 0);
  let handle = 0;
  let drawnAt = 0;
  /** @type {string | null} */
  let hovered = null;

  function place() {
    const size = map.getSize();
    const ratio = window.devicePixelRatio || 1;
    const corner = L.point(-size.x * MARGIN, -size.y * MARGIN).round();
    origin = map.containerPointToLayerPoint(corner);
    L.DomUtil.setPosition(canvas, origin);
    const [width, height] = [size.x - 2 * corner.x, size.y - 2 * corner.y];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(performance.now());
  }

  /** @param {number} now */
  function draw(now) {
    drawnAt = now;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.lineWidth = 1.5;
    pen.strokeStyle = '#ffffff';
    const scale = 2 ** map.getZoom();
    for (const dot of walkers.seen(now)) {
      const at = map.latLngToLayerPoint(toLatLng(dot.at)).subtract(origin);
      pen.globalAlpha = dot.opacity;
      if (dot.id === hovered) disc(at, Math.max(RADIUS + 4, dot.accuracy * scale), 'rgb(29 95 209 / 18%)');
      disc(at, dot.id === hovered ? RADIUS + 2 : RADIUS, dot.open ? '#1d5fd1' : '#5b6b80');
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  /** @param {L.Point} at @param {number} radius @param {string} color */
  function disc(at, radius, color) {
    pen.beginPath();
    pen.arc(at.x, at.y, radius, 0, 2 * Math.PI);
    pen.fillStyle = color;
    pen.fill();
  }

  /** @param {number} now */
  function loop(now) {
    handle = 0;
    if (now - drawnAt >= 1000 / fps - 2) draw(now);
    if (walkers.moving(now)) handle = requestAnimationFrame(loop);
  }

  function wake() {
    if (!handle) handle = requestAnimationFrame(loop);
  }

  map.on('moveend zoomend viewreset resize', place);
  place();

  return {
    /** @param {{id: string, at: XY, accuracy: number, open: boolean}[]} dots */
    frame(dots) {
      walkers.frame(dots, performance.now());
      draw(performance.now());
      wake();
    },
    clear() {
      walkers.clear();
      draw(performance.now());
    },
    /** @param {XY} point @param {number} reach metres */
    at: (point, reach) => nearest(walkers.seen(performance.now()), point, reach),
    /** @param {string | null} id */
    hover(id) {
      if (id === hovered) return;
      hovered = id;
      draw(performance.now());
    },
    count: walkers.count,
    seen: () => walkers.seen(performance.now()),
    stop: () => cancelAnimationFrame(handle),
  };
}
