/** What lies over the map: hints, tips, counts, the card of a chosen shop, loading and errors. It only shows. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { hint as hintOf, readOut } from './draw_words.js';

/** @import {Store} from '../../types' */
/** @import {Seen} from '../../dots.js' */
/** @import {Aim, Drawing} from '../../engine/drawing.js' */

/** @param {Node} coach @param {Node} bar the buttons for drawing by finger */
export function makeMapFrame(coach, bar) {
  const map = h('div', {
    class: 'map',
    'data-testid': 'map',
    tabindex: 0,
    role: 'application',
    'aria-label': 'Map of the level. Arrow keys move it, plus and minus zoom. Question mark lists the keys.',
  });
  // what it says is announced by the page, so it is no status of its own
  const hint = h('p', { class: 'map-hint', hidden: true, 'data-testid': 'map-hint' });
  const crosshair = h('div', { class: 'crosshair', 'aria-hidden': 'true', hidden: true });
  const place = h('p', { class: 'read-out', 'aria-hidden': 'true', hidden: true, 'data-testid': 'read-out' });
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
    node: h(
      'div',
      { class: 'map-frame' },
      map,
      crosshair,
      hint,
      place,
      lost,
      compass,
      people,
      tip,
      card,
      coach,
      bar,
      overlay,
    ),

    /** @param {Drawing | null} drawing */
    showHint(drawing) {
      hint.hidden = drawing === null;
      crosshair.hidden = drawing === null;
      const stop = h('span', { class: 'only-wide' }, 'Esc stops.');
      if (drawing) fill(hint, hintOf(drawing), ' ', stop);
    },

    /** @param {Aim | null} aim */
    showAim(aim) {
      place.hidden = aim === null;
      if (aim) place.textContent = readOut(aim);
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
