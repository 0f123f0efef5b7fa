/**
 * Changing one shape with Geoman: its corners, all of it moved, or turned; by mouse, touch and keys. Drawing a new one is
 * drawing.js.
 *
 * A gesture is reported once, when it has ended. On a focused corner arrows nudge it, Delete removes it, Enter on the
 * small handle between two corners adds one; while the whole is moved, arrows move it. Nudges never snap.
 */
import { round } from '../geo.js';
import { addCorner, cornerAt, move, removeCorner, setCorner } from '../shapes.js';
import { readable } from '../ui/format.js';
import { circleGripOf, focusCircle, focusCorner, gripOf, nameCorners } from './corners.js';
import { arrowStep } from './keyboard.js';
import { readShape, shapeLayer, toXY } from './leaflet.js';

/** @import {Shape, XY} from '../types' */
/** @import {Path} from '../shapes.js' */
/** @import {Aim} from './drawing.js' */
/** @import {L} from './leaflet.js' */
/** @typedef {'corners' | 'move' | 'rotate'} Mode */
/** @typedef {{color: string, mode: Mode, locked?: boolean}} How */
/**
 * @typedef {object} EditEvents
 * @property {(shape: Shape, said?: string) => void} edited `said` tells in words what a key did
 * @property {(aim: Aim | null) => void} aim where the corner is that is dragged just now
 */

/** A corner added by dragging its midpoint reports "added" first: wait whether a drag follows. */
const SETTLE_MS = 60;
/** Letting go of a corner also makes a click. */
const AFTER_DRAG_MS = 250;

/** @param {L.Map} map @param {EditEvents} events */
export function makeEditor(map, events) {
  /** @type {(L.Polygon | L.Circle) | null} */
  let layer = null;
  /** @type {Shape | null} */
  let shape = null;
  /** @type {How} */
  let how = { color: '#0f5c5a', mode: 'corners' };
  let dragging = false;
  let draggedAt = -Infinity;
  let timer = 0;
  let resting = false;

  function report() {
    window.clearTimeout(timer);
    if (!layer || dragging) return;
    const next = readShape(layer);
    if (JSON.stringify(next) === JSON.stringify(shape)) return;
    shape = next;
    nameCorners(layer, next);
    events.edited(next);
  }

  function reportSoon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(report, SETTLE_MS);
  }

  /** @param {any} event */
  function tellDrag({ markerEvent }) {
    const marker = markerEvent?.target;
    if (!marker) return;
    const free = Boolean(markerEvent.originalEvent?.altKey);
    events.aim({ at: toXY(marker.getLatLng()), from: null, byKeys: false, snapped: Boolean(marker._snapped), free });
  }

  /** Gives the shape its handles. */
  function attach() {
    if (!layer || how.locked || resting) return;
    const pm = /** @type {any} */ (layer.pm);
    if (how.mode === 'move') pm.enableLayerDrag();
    else if (how.mode === 'rotate') pm.enableRotate();
    else {
      pm.enable({
        allowSelfIntersection: false,
        removeLayerBelowMinVertexCount: false,
        snappable: true,
        draggable: false,
      });
      if (shape) nameCorners(layer, shape);
    }
  }

  /** @param {L.Polygon | L.Circle} made */
  function listen(made) {
    made.on('pm:markerdragstart pm:dragstart pm:rotatestart', () => (dragging = true));
    made.on('pm:markerdrag', tellDrag);
    made.on('pm:markerdragend pm:dragend pm:rotateend', () => {
      dragging = false;
      draggedAt = performance.now();
      events.aim(null);
      report();
    });
    made.on('pm:vertexadded pm:vertexremoved', reportSoon);
  }

  function detach() {
    const pm = /** @type {any} */ (layer?.pm);
    pm?.disableRotate?.();
    pm?.disableLayerDrag?.();
    pm?.disable();
  }

  /** Shows a shape for editing, or nothing. @param {Shape | null} next @param {How} nextHow */
  function edit(next, nextHow) {
    window.clearTimeout(timer);
    dragging = false;
    detach();
    layer?.remove();
    layer = null;
    shape = next;
    how = nextHow;
    if (!next) return;
    layer = shapeLayer(next, {
      color: readable(how.color),
      fillColor: how.color,
      className: 'zone zone-editing',
      ...{ pmIgnore: false },
    }).addTo(map);
    listen(layer);
    attach();
  }

  // ---- keys

  /** @param {Shape} next @param {string} said */
  function put(next, said) {
    edit(next, how);
    events.edited(next, said);
  }

  /** @param {Element} handle @param {XY} step */
  function nudge(handle, step) {
    if (!layer || !shape) return;
    if (shape.type === 'Point') return nudgeCircle(handle, step);
    const path = gripOf(layer, handle)?.path;
    const at = path && cornerAt(shape, path);
    if (!path || !at) return;
    const to = /** @type {XY} */ ([round(at[0] + step[0], 2), round(at[1] + step[1], 2)]);
    put(setCorner(shape, path, to), `Corner ${path[2] + 1} at ${to.join(', ')}.`);
    focusCorner(layer, path);
  }

  /** @param {Element} handle @param {XY} step */
  function nudgeCircle(handle, [dx, dy]) {
    if (!layer || shape?.type !== 'Point') return;
    const grip = circleGripOf(layer, handle);
    if (!grip) return;
    const moved = /** @type {import('../types').Circle} */ (move(shape, [dx, dy]));
    const radius = Math.max(1, round(shape.radius + dx + dy, 2));
    if (grip === 'centre') put(moved, `Centre at ${moved.coordinates.join(', ')}.`);
    else put({ ...shape, radius }, `Radius ${radius} m.`);
    focusCircle(layer, grip);
  }

  /** @param {Element} handle */
  function remove(handle) {
    const path = layer && gripOf(layer, handle)?.path;
    const next = path && shape && removeCorner(shape, path);
    if (!path || !next) return;
    put(next, 'Corner removed.');
    if (layer) focusCorner(layer, path);
  }

  /** @param {Path} path */
  function add(path) {
    if (!shape || !layer) return;
    put(addCorner(shape, path), 'Corner added.');
    focusCorner(layer, [path[0], path[1], path[2] + 1]);
  }

  /** What a key on a handle does, or null. @param {KeyboardEvent} event @param {Element} handle @returns {(() => void) | null} */
  function handleKey(event, handle) {
    const step = arrowStep(event);
    if (step) return () => nudge(handle, step);
    if (event.key === 'Delete' || event.key === 'Backspace') return () => remove(handle);
    const grip = event.key === 'Enter' && layer ? gripOf(layer, handle) : null;
    return grip?.isNew ? () => add(grip.path) : null;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!shape || !layer || how.locked || resting) return;
    const target = /** @type {Element} */ (event.target);
    const step = arrowStep(event);
    let act = target.classList.contains('marker-icon') ? handleKey(event, target) : null;
    if (!act && how.mode === 'move' && step && shape) {
      const moved = move(shape, step);
      act = () => put(moved, 'Moved.');
    }
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
  // capture: before Leaflet pans the map for the same arrow
  map.getContainer().addEventListener('keydown', onKey, { capture: true });

  return {
    edit,
    /** Takes the handles away while something is drawn over the shape. @param {boolean} next */
    rest(next) {
      if (resting === next) return;
      resting = next;
      if (next) detach();
      else attach();
    },
    /** Whether a click belongs to a drag, or is only the end of one. */
    isBusy: () => dragging || performance.now() - draggedAt < AFTER_DRAG_MS,
  };
}
