/**
 * Named groups of outlines over the zones that belong to no zone: an older version beside the present one, a finding's
 * place, the shapes of a file before it is imported. They cannot be clicked, edited or snapped to.
 */
import { L, shapeLayer } from './leaflet.js';

/** @import {Shape} from '../types' */
/**
 * @typedef {object} MarkStyle
 * @property {string} [color]
 * @property {boolean} [dashed]
 * @property {number} [weight] pixels
 * @property {number} [fill] opacity of the inside, 0 by default
 */

const PANE = 'marks';

/** @param {L.Map} map */
export function makeMarks(map) {
  const pane = map.createPane(PANE);
  pane.style.zIndex = '440';
  pane.style.pointerEvents = 'none';
  const renderer = L.svg({ pane: PANE, padding: 0.5 });
  /** @type {Map<string, L.LayerGroup>} */
  const groups = new Map();

  /** @param {string} name */
  function clear(name) {
    groups.get(name)?.remove();
    groups.delete(name);
  }

  return {
    /** Shows these shapes in place of what `name` showed. @param {string} name @param {Shape[]} shapes @param {MarkStyle} [style] */
    set(name, shapes, { color = '#14202b', dashed = true, weight = 2.5, fill = 0 } = {}) {
      clear(name);
      const options = {
        renderer,
        pane: PANE,
        interactive: false,
        className: `mark mark-${name}`,
        color,
        weight,
        fillOpacity: fill,
        ...(dashed && { dashArray: '7 5' }),
        ...{ pmIgnore: true, snapIgnore: true },
      };
      groups.set(name, L.layerGroup(shapes.map((shape) => shapeLayer(shape, options))).addTo(map));
    },
    clear,
  };
}
