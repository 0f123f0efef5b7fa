/**
 * Drawing a shape with Geoman, by mouse, finger and keyboard alone. What the shape is for (a new zone, a hole, a further
 * part) is handed through.
 *
 * Keyboard: arrows move the map under a crosshair by half a metre, with Shift by five; Space drops a corner there, Enter
 * closes, Backspace takes the last corner back. Shift while moving the mouse keeps the line on the mall's axes and
 * diagonals and makes rectangles square; Alt keeps it from snapping.
 */
import { round } from '../geo.js';
import { arrowStep } from './keyboard.js';
import { L, readShape, toLatLng, toXY } from './leaflet.js';

/** @import {Shape, XY} from '../types' */
/** @typedef {'Rectangle' | 'Polygon' | 'Circle'} Tool */
/** @typedef {'new' | 'cut' | 'part'} Purpose */
/** @typedef {{tool: Tool, purpose: Purpose, corners: number, last: XY | null, byKeys: boolean}} Drawing */
/**
 * Where the next corner would be: `from` the one before, `free` by Alt, `locked` to a direction by Shift.
 * @typedef {{at: XY, from: XY | null, byKeys: boolean, snapped: boolean, free?: boolean, locked?: boolean}} Aim
 */
/**
 * @typedef {object} DrawEvents
 * @property {(shape: Shape, purpose: Purpose) => void} drawn
 * @property {(drawing: Drawing | null) => void} drawing at the start, after each corner, and null at the end
 * @property {(aim: Aim | null) => void} aim
 */

const INK = '#0f5c5a';
const CUT_INK = '#a3201b';
const STEP_M = 0.5;
const EIGHTH = Math.PI / 4;

/** @param {L.Map} map @param {DrawEvents} events */
export function makeDrawing(map, events) {
  const container = map.getContainer();
  /** @type {Tool | null} */
  let tool = null;
  /** @type {Purpose} */
  let purpose = 'new';
  /** @type {XY[]} */
  let dropped = [];
  /** The crosshair's exact place; null while the pointer draws. @type {XY | null} */
  let crosshair = null;
  let held = { alt: false, shift: false };
  /** Where the pointer is, before any lock. @type {L.LatLng | null} */
  let pointer = null;

  // Geoman asks this before it snaps: a locked direction and the keyboard must not be pulled aside
  /** @type {any} */ (map.pm).Keyboard.isAltKeyPressed = () => held.alt || held.shift || crosshair !== null;

  map.on('pm:drawstart', (/** @type {any} */ { workingLayer }) => {
    workingLayer?.on('pm:vertexadded', (/** @type {any} */ { latlng }) => tell([...dropped, toXY(latlng)]));
    workingLayer?.on('pm:vertexremoved', () => tell(dropped.slice(0, -1)));
    workingLayer?.on('pm:centerplaced', (/** @type {any} */ { latlng }) => latlng && tell([toXY(latlng)]));
  });
  map.on('pm:drawend', () => {
    const wasDrawing = tool !== null;
    map.off('mousemove', tellAim);
    map.off('click', countRectangle);
    tool = null;
    dropped = [];
    setCrosshair(null);
    map.boxZoom.enable();
    if (!wasDrawing) return;
    events.aim(null);
    events.drawing(null);
  });
  map.on('pm:create', (/** @type {any} */ { layer: made }) => {
    const why = purpose;
    made.remove();
    events.drawn(readShape(made), why);
  });

  /** @param {XY[]} corners */
  function tell(corners) {
    dropped = corners;
    if (!tool) return;
    const last = corners.at(-1) ?? null;
    events.drawing({ tool, purpose, corners: corners.length, last, byKeys: crosshair !== null });
  }

  /** @param {Tool | null} next @param {Purpose} [why] */
  function draw(next, why = 'new') {
    map.pm.disableDraw();
    if (!next) return;
    tool = next;
    purpose = why;
    const color = why === 'cut' ? CUT_INK : INK;
    const line = { color, weight: 2 };
    map.boxZoom.disable();
    map.pm.enableDraw(next, {
      snappable: true,
      cursorMarker: true,
      finishOn: null,
      hintlineStyle: { ...line, dashArray: '5,5' },
      templineStyle: line,
      pathOptions: { ...line, fillOpacity: 0.15 },
    });
    // after Geoman's own listener, which moves and snaps its marker first
    map.on('mousemove', tellAim);
    map.on('click', countRectangle);
    container.focus({ preventScroll: true });
    if (container.matches(':focus-visible')) setCrosshair(toXY(map.getCenter()));
    tell([]);
  }

  /** Of a rectangle Geoman does not tell that its first corner is there. */
  function countRectangle() {
    if (tool === 'Rectangle' && dropped.length === 0) tell([toXY(working()._startMarker.getLatLng())]);
  }

  // ---- the pointer

  /** @returns {any} Geoman's drawing of the present tool */
  const working = () => tool && /** @type {any} */ (map.pm.Draw)[tool];

  /** @param {L.LeafletMouseEvent} event */
  function constrain(event) {
    const original = event.originalEvent;
    if (!tool) return;
    if (original) {
      pointer = event.latlng;
      held = { alt: original.altKey, shift: original.shiftKey && dropped.length > 0 };
      setCrosshair(null);
    }
    if (held.shift) event.latlng = L.latLng(toLatLng(lock(toXY(event.latlng))));
    // a finger has no way to hover: its tap moves the marker there first, so that it snaps
    const isTouch = /** @type {PointerEvent} */ (original)?.pointerType === 'touch';
    if (event.type === 'click' && isTouch) map.fire('mousemove', { ...event, originalEvent: undefined });
  }
  // made before any tool is chosen, so it comes before Geoman's listeners
  map.on('mousemove', constrain).on('click', constrain);

  /** Alt and Shift count at once, not only with the next move. @param {KeyboardEvent} event */
  function onModifier(event) {
    if (!tool || crosshair || !pointer || (event.key !== 'Alt' && event.key !== 'Shift') || event.repeat) return;
    event.preventDefault();
    held = { alt: event.altKey, shift: event.shiftKey && dropped.length > 0 };
    fire('mousemove', toXY(pointer));
  }
  document.addEventListener('keydown', onModifier);
  document.addEventListener('keyup', onModifier);

  /** The nearest place in one of the eight directions from the last corner. @param {XY} at @returns {XY} */
  function lock([x, y]) {
    const [fromX, fromY] = /** @type {XY} */ (dropped.at(-1));
    const [dx, dy] = [x - fromX, y - fromY];
    if (tool === 'Circle') return [x, y];
    if (tool === 'Rectangle') {
      const side = Math.max(Math.abs(dx), Math.abs(dy));
      return [fromX + side * (Math.sign(dx) || 1), fromY + side * (Math.sign(dy) || 1)];
    }
    const angle = Math.round(Math.atan2(dy, dx) / EIGHTH) * EIGHTH;
    const length = dx * Math.cos(angle) + dy * Math.sin(angle);
    return [fromX + length * Math.cos(angle), fromY + length * Math.sin(angle)];
  }

  function tellAim() {
    const marker = working()?._hintMarker;
    if (!marker) return;
    const at = crosshair ?? toXY(marker.getLatLng());
    const from = dropped.at(-1) ?? null;
    const snapped = Boolean(marker._snapped);
    events.aim({ at, from, byKeys: crosshair !== null, snapped, free: held.alt, locked: held.shift });
  }

  // ---- the keyboard

  /** @param {XY | null} at */
  function setCrosshair(at) {
    const changed = (at === null) !== (crosshair === null);
    crosshair = at;
    if (changed) container.classList.toggle('aiming', at !== null);
    if (!changed || !tool) return;
    // what is to be done next is done by other means now
    tell(dropped);
    if (at) tellAim();
  }

  /** @param {string} type @param {XY} point */
  function fire(type, point) {
    const latlng = L.latLng(toLatLng(point));
    const layerPoint = map.latLngToLayerPoint(latlng);
    map.fire(type, { latlng, layerPoint, containerPoint: map.latLngToContainerPoint(latlng) });
  }

  /** Onto the grid of half metres, so that round numbers are easy to reach. @param {XY} step */
  function moveCrosshair([dx, dy]) {
    const [x, y] = crosshair ?? toXY(map.getCenter());
    /** @param {number} v @param {number} d */
    const next = (v, d) => (d === 0 ? v : round(Math.round((v + d) / STEP_M) * STEP_M, 2));
    const at = /** @type {XY} */ ([next(x, dx), next(y, dy)]);
    held = { alt: false, shift: false };
    setCrosshair(at);
    map.setView(toLatLng(at), map.getZoom(), { animate: false });
    fire('mousemove', at);
  }

  /** A corner under the crosshair. */
  function dropCorner() {
    if (!tool) return;
    held = { alt: false, shift: false };
    const at = crosshair ?? toXY(map.getCenter());
    setCrosshair(at);
    fire('mousemove', at);
    fire('click', at);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const step = arrowStep(event);
    if (!tool || !step || event.target !== container) return;
    event.preventDefault();
    event.stopPropagation();
    moveCrosshair(step);
  }
  container.addEventListener('keydown', onKey, { capture: true });
  map.on('moveend', () => {
    // dragged away or zoomed by other means than the arrows
    const centre = toXY(map.getCenter());
    if (crosshair && Math.hypot(centre[0] - crosshair[0], centre[1] - crosshair[1]) * 2 ** map.getZoom() > 2)
      setCrosshair(centre);
  });

  return {
    draw,
    stop() {
      document.removeEventListener('keydown', onModifier);
      document.removeEventListener('keyup', onModifier);
    },
    tool: () => tool,
    purpose: () => (tool ? purpose : null),
    /** Space: only with the crosshair, for with the mouse Space is the hand. */
    drop: () => crosshair && dropCorner(),
    /** Backspace. @returns {boolean} whether there was anything to take back */
    takeBack() {
      if (!tool) return false;
      if (tool === 'Polygon' && dropped.length > 1) working()._removeLastVertex();
      else restart();
      return true;
    },
    /** Enter: closes a polygon; the other tools are done with their second corner. */
    finish() {
      if (tool === 'Polygon') working()._finishShape();
      else if (crosshair) dropCorner();
    },
  };

  /** From the first corner again; the crosshair stays where it is. */
  function restart() {
    const [again, why, at] = [tool, purpose, crosshair];
    draw(again, why);
    if (at) setCrosshair(at);
  }
}
