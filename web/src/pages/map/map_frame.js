/** What lies over the map: hints, tips, counts, the card of a chosen shop, loading and errors. It only shows. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @import {Store} from '../../types' */
/** @import {Seen} from '../../dots.js' */
/** @import {Tool} from '../../engine/editor.js' */

/** @type {Record<Tool, [string, string]>} what to do at first, and after the first click */
const DRAW_HINTS = {
  Rectangle: ['Click one corner of the rectangle.', 'Click the opposite corner.'],
  Polygon: [
    'Click the first corner.',
    'Click the next corner; click the first one again to close. Backspace takes one back.',
  ],
  Circle: ['Click the centre.', 'Click again to set the radius.'],
};

/** @param {Node} coach */
export function makeMapFrame(coach) {
  const map = h('div', {
    class: 'map',
    'data-testid': 'map',
    tabindex: 0,
    role: 'application',
    'aria-label': 'Map of the level. Arrow keys move it, plus and minus zoom.',
  });
  const hint = h('p', { class: 'map-hint', role: 'status', hidden: true, 'data-testid': 'map-hint' });
  const crosshair = h('div', { class: 'crosshair', 'aria-hidden': 'true', hidden: true });
  const compass = h('div', { class: 'compass' });
  const tip = h('div', { class: 'dot-tip', 'aria-hidden': 'true', hidden: true });
  const people = h('span', { class: 'people', 'data-testid': 'dots-count' });
  const lost = h(
    'p',
    { class: 'map-lost', role: 'alert', hidden: true, 'data-testid': 'positions-lost' },
    'Live positions are interrupted. Trying again…',
  );
  const card = h('div', { class: 'store-card', hidden: true, 'data-testid': 'store-card' });
  const overlay = h('div', { class: 'map-overlay' });

  return {
    map,
    compass,
    overlay,
    node: h('div', { class: 'map-frame' }, map, crosshair, hint, lost, compass, people, tip, card, coach, overlay),

    /** @param {Tool | null} tool @param {number} corners */
    showHint(tool, corners) {
      hint.hidden = tool === null;
      crosshair.hidden = tool === null;
      const stop = h('span', { class: 'only-wide' }, 'Esc stops.');
      if (tool) fill(hint, DRAW_HINTS[tool][Math.min(1, corners)], ' ', stop);
    },

    /** @param {Seen | null} dot @param {{x: number, y: number}} pixel */
    showTip(dot, pixel) {
      tip.hidden = !dot;
      if (!dot) return;
      fill(tip, `Shopper, position ±${Math.round(dot.accuracy)} m`, dot.open && h('b', null, 'Click: why?'));
      tip.style.transform = `translate(${Math.round(pixel.x + 14)}px, ${Math.round(pixel.y + 12)}px)`;
    },

    /** @param {number} count */
    showPeople(count) {
      fill(people, h('b', null, String(count)), count === 1 ? ' shopper on this level' : ' shoppers on this level');
    },

    /** @param {boolean} isLost */
    showLost(isLost) {
      lost.hidden = !isLost;
    },

    /** @param {Store} store @param {(() => void) | null} onZone makes a zone of it, where that may be done */
    showStore(store, onZone) {
      const close = { click: () => (card.hidden = true) };
      const make = { type: 'button', class: 'button button-primary', 'data-testid': 'zone-from-store' };
      const { name, category } = store.properties;
      fill(
        card,
        h('div', { class: 'store-card-text' }, h('strong', null, name), h('span', null, category ?? 'shop')),
        onZone && h('button', { ...make, on: { click: onZone } }, icon('plus', 18), 'Zone from this shop'),
        h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', on: close }, icon('close', 18)),
      );
      card.hidden = false;
    },

    hideStore() {
      card.hidden = true;
    },
  };
}
