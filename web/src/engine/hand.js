/**
 * Panning while something else has the mouse: hold Space and drag, or drag with the middle button, over corners and in
 * the midst of drawing. Two fingers are Leaflet's own. A short tap of Space pans nothing and is handed on.
 */
import { L } from './leaflet.js';

/** @param {L.Map} map @param {{onTap: () => void}} events @returns {() => void} takes the listeners away */
export function makeHand(map, { onTap }) {
  const container = map.getContainer();
  const stop = new AbortController();
  let isHeld = false;
  let hasPanned = false;
  /** @type {L.Point | null} where the pointer was last, while it pans */
  let grip = null;

  /** @param {EventTarget | null} target */
  const isOurs = (target) => target === document.body || (target instanceof Node && container.contains(target));

  /** @param {boolean} next */
  function hold(next) {
    isHeld = next;
    container.classList.toggle('hand', next);
  }

  /** @param {KeyboardEvent} event */
  function onDown(event) {
    if (event.key !== ' ' || !isOurs(event.target) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    if (event.repeat) return;
    hold(true);
    hasPanned = false;
  }

  /** @param {KeyboardEvent} event */
  function onUp(event) {
    if (event.key !== ' ' || !isHeld) return;
    hold(false);
    if (!hasPanned && event.target === container) onTap();
  }

  /** @param {PointerEvent} event */
  function onPress(event) {
    hasPanned = false;
    if (event.button !== 1 && !(isHeld && event.button === 0)) return;
    event.preventDefault();
    event.stopPropagation();
    grip = L.point(event.clientX, event.clientY);
    container.setPointerCapture(event.pointerId);
    container.classList.add('panning');
    map.fire('movestart');
  }

  /** @param {PointerEvent} event */
  function onMove(event) {
    if (!grip) return;
    const at = L.point(event.clientX, event.clientY);
    hasPanned = true;
    // as Leaflet's own dragging does: layers are drawn anew once, at the end
    /** @type {any} */ (map)._rawPanBy(grip.subtract(at));
    map.fire('move');
    grip = at;
  }

  function onRelease() {
    if (!grip) return;
    grip = null;
    container.classList.remove('panning');
    map.fire('moveend');
  }

  /** What follows from a press that pans is not for corners, zones or drawing. @param {Event} event */
  function swallow(event) {
    const isPress = event.type === 'mousedown' && (grip !== null || isHeld);
    const isClick = event.type !== 'mousedown' && (hasPanned || isHeld);
    if (!isPress && !isClick) return;
    event.preventDefault();
    event.stopPropagation();
  }

  const options = { capture: true, signal: stop.signal };
  document.addEventListener('keydown', onDown, options);
  document.addEventListener('keyup', onUp, options);
  window.addEventListener('blur', () => hold(false), options);
  container.addEventListener('pointerdown', onPress, options);
  container.addEventListener('pointermove', onMove, options);
  container.addEventListener('pointerup', onRelease, options);
  container.addEventListener('pointercancel', onRelease, options);
  for (const type of ['mousedown', 'click', 'auxclick', 'dblclick']) container.addEventListener(type, swallow, options);
  return () => stop.abort();
}
