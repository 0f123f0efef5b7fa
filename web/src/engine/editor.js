/**
 * Drawing and changing one shape with Geoman: polygon, rectangle, circle; corners or the whole; mouse, touch and keys.
 *
 * A gesture is reported once, when it has ended. Keyboard: while drawing, Space drops a corner in the middle of the map,
 * Enter closes the shape, Backspace takes the last corner back; on a focused corner arrows nudge it and Delete removes it.
 */
import { parts, round } from '../geo.js';
import { readable } from '../ui/format.js';
import { L, readShape, shapeLayer } from './leaflet.js';

/** @import {Shape, XY} from '../types' */
/** @typedef {'Rectangle' | 'Polygon' | 'Circle'} Tool */
/**
 * @typedef {object} EditorEvents
 * @property {(shape: Shape) => void} drawn
 * @property {(shape: Shape) => void} edited
 * @property {(tool: Tool | null, corners: number) => void} drawing
 */

const NUDGE_M = 0.5;
const BIG_NUDGE_M = 5;
const SNAP_PX = 12;
/** A corner added by dragging its midpoint reports "added" first: wait whether a drag follows. */
const SETTLE_MS = 60;
/** Letting go of a corner also makes a click. */
const AFTER_DRAG_MS = 250;

/** @param {L.Map} map @param {EditorEvents} events */
export function makeEditor(map, events) {
  /** @type {(L.Polygon | L.Circle) | null} */
  let layer = null;
  /** @type {Shape | null} */
  let shape = null;
  let style = { color: '#0f5c5a' };
  let moving = false;
  let locked = false;
  /** @type {Tool | null} */
  let tool = null;
  let corners = 0;
  let dragging = false;
  let draggedAt = -Infinity;
  let timer = 0;

  map.pm.setGlobalOptions({
    tooltips: false,
    snapDistance: SNAP_PX,
    allowSelfIntersection: false,
    hintlineStyle: { color: '#0f5c5a', dashArray: '5,5', weight: 2 },
    templineStyle: { color: '#0f5c5a', weight: 2 },
    pathOptions: { color: '#0f5c5a', weight: 2, fillOpacity: 0.15 },
  });

  map.on('layeradd', ({ layer: added }) => added instanceof L.Marker && nameHandle(added.getElement()));
  map.on('pm:drawstart', (/** @type {any} */ event) => {
    corners = 0;
    event.workingLayer?.on('pm:vertexadded', () => events.drawing(tool, ++corners));
    event.workingLayer?.on('pm:vertexremoved', () => events.drawing(tool, --corners));
  });
  map.on('pm:drawend', () => {
    tool = null;
    corners = 0;
    events.drawing(null, 0);
  });
  map.on('pm:create', (/** @type {any} */ { layer: made }) => {
    made.remove();
    events.drawn(readShape(made));
  });

  /** @param {Tool | null} next */
  function draw(next) {
    map.pm.disableDraw();
    if (!next) return;
    tool = next;
    map.pm.enableDraw(next, { snappable: true, cursorMarker: true, finishOn: null });
    events.drawing(next, 0);
    map.getContainer().focus({ preventScroll: true });
  }

  function report() {
    window.clearTimeout(timer);
    if (!layer || dragging) return;
    const next = readShape(layer);
    if (JSON.stringify(next) === JSON.stringify(shape)) return;
    shape = next;
    events.edited(next);
  }

  function reportSoon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(report, SETTLE_MS);
  }

  function attach() {
    if (!layer || locked) return;
    layer.on('pm:markerdragstart pm:dragstart', () => (dragging = true));
    layer.on('pm:markerdragend pm:dragend', () => {
      dragging = false;
      draggedAt = performance.now();
      report();
    });
    layer.on('pm:vertexadded pm:vertexremoved', reportSoon);
    const options = {
      allowSelfIntersection: false,
      removeLayerBelowMinVertexCount: false,
      snappable: true,
      draggable: false,
    };
    if (moving) /** @type {any} */ (layer.pm).enableLayerDrag();
    else layer.pm.enable(options);
  }

  /** Shows a shape for editing, or nothing. @param {Shape | null} next @param {{color: string, moving: boolean, locked?: boolean}} how */
  function edit(next, how) {
    window.clearTimeout(timer);
    dragging = false;
    layer?.pm.disable();
    layer?.remove();
    layer = null;
    shape = next;
    moving = how.moving;
    style = { color: readable(how.color) };
    if (!next) return;
    locked = how.locked ?? false;
    layer = shapeLayer(next, {
      ...style,
      fillColor: how.color,
      className: 'zone zone-editing',
      ...{ pmIgnore: false },
    }).addTo(map);
    attach();
  }

  /** @param {number} dx @param {number} dy */
  function moveBy(dx, dy) {
    if (!shape) return;
    /** @param {XY} p @returns {XY} */
    const moved = ([x, y]) => [round(x + dx, 2), round(y + dy, 2)];
    const next =
      shape.type === 'Point'
        ? { ...shape, coordinates: moved(shape.coordinates) }
        : mapRings(shape, (ring) => ring.map(moved));
    edit(next, { color: style.color, moving });
    events.edited(next);
  }

  /**
   * Changes the corner whose handle has the focus; `null` removes it.
   * @param {Element} handle
   * @param {XY | null} step
   */
  function changeCorner(handle, step) {
    if (!shape || !layer) return;
    const path = cornerPath(layer, handle);
    if (!path) return;
    const [part, ring, index] = path;
    if (shape.type === 'Point') return;
    const here = parts(shape)[part][ring];
    if (!step && here.length <= 3) return;
    const next = mapRings(shape, (points, p, r) => {
      if (p !== part || r !== ring) return points;
      if (!step) return points.filter((_, i) => i !== index);
      return points.map((point, i) =>
        i === index ? /** @type {XY} */ ([round(point[0] + step[0], 2), round(point[1] + step[1], 2)]) : point,
      );
    });
    edit(next, { color: style.color, moving });
    events.edited(next);
    const handles = layer && cornerHandles(layer)[part]?.[ring];
    handles?.[Math.min(index, handles.length - 1)]?.focus();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {Element} */ (event.target);
    const steps = /** @type {Record<string, XY>} */ ({
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    });
    const step = steps[event.key];
    const metres = event.shiftKey ? BIG_NUDGE_M : NUDGE_M;
    if (target.classList.contains('marker-icon') && (step || event.key === 'Delete' || event.key === 'Backspace')) {
      changeCorner(target, step ? [step[0] * metres, step[1] * metres] : null);
    } else if (moving && !locked && step) moveBy(step[0] * metres, step[1] * metres);
    else if (tool && event.key === ' ') dropCorner();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  // capture: before Leaflet pans the map for the same arrow
  map.getContainer().addEventListener('keydown', onKey, { capture: true });

  function dropCorner() {
    const latlng = map.getCenter();
    const at = {
      latlng,
      layerPoint: map.latLngToLayerPoint(latlng),
      containerPoint: map.latLngToContainerPoint(latlng),
    };
    map.fire('mousemove', at);
    map.fire('click', at);
  }

  return {
    draw,
    edit,
    tool: () => tool,
    /** Whether a click belongs to drawing, or is only the end of a drag. */
    isBusy: () => tool !== null || dragging || performance.now() - draggedAt < AFTER_DRAG_MS,
    /** Backspace while drawing. @returns {boolean} whether there was anything to take back */
    removeLastCorner() {
      if (!tool) return false;
      if (tool === 'Polygon' && corners > 0) /** @type {any} */ (map.pm.Draw).Polygon._removeLastVertex();
      else draw(tool);
      return true;
    },
    /** Enter while drawing a polygon. */
    finish() {
      if (tool === 'Polygon') /** @type {any} */ (map.pm.Draw).Polygon._finishShape();
    },
  };
}

/**
 * @param {Exclude<Shape, {type: 'Point'}>} shape
 * @param {(ring: XY[], part: number, ring_: number) => XY[]} change
 * @returns {Shape}
 */
function mapRings(shape, change) {
  if (shape.type === 'Polygon')
    return { ...shape, coordinates: shape.coordinates.map((ring, r) => change(ring, 0, r)) };
  return { ...shape, coordinates: shape.coordinates.map((rings, p) => rings.map((ring, r) => change(ring, p, r))) };
}

/** Geoman's handles are buttons without a name; those that only follow the pointer are nothing to stop at. @param {HTMLElement | undefined} handle */
function nameHandle(handle) {
  if (!handle?.classList.contains('marker-icon')) return;
  if (/cursor-marker|rect-st/.test(handle.className)) {
    handle.setAttribute('aria-hidden', 'true');
    handle.removeAttribute('tabindex');
    handle.removeAttribute('role');
  } else
    handle.setAttribute('aria-label', handle.classList.contains('marker-icon-middle') ? 'Add a corner here' : 'Corner');
}

/** Geoman's corner handles as elements: part, ring, corner. @param {L.Polygon | L.Circle} layer @returns {HTMLElement[][][]} */
function cornerHandles(layer) {
  const markers = /** @type {any} */ (layer.pm)._markers ?? [];
  const byPart = Array.isArray(markers[0]?.[0]) ? markers : [markers];
  return byPart.map((/** @type {any[]} */ rings) =>
    rings.map((ring) => ring.map((/** @type {any} */ marker) => marker._icon)),
  );
}

/** @param {L.Polygon | L.Circle} layer @param {Element} handle @returns {[number, number, number] | null} */
function cornerPath(layer, handle) {
  for (const [part, rings] of cornerHandles(layer).entries()) {
    for (const [ring, icons] of rings.entries()) {
      const index = icons.indexOf(/** @type {HTMLElement} */ (handle));
      if (index >= 0) return [part, ring, index];
    }
  }
  return null;
}
