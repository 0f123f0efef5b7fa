/** A small plan of a mall's zones, to choose one by a click or by Tab and Enter; the list beside it says the same. */
import { fill, svg } from '../../ui/dom.js';

/** @import {Zone} from '../../types' */

const SIZE = 320;

/** @param {{onChoose: (id: string) => void}} options */
export function placeMap({ onChoose }) {
  const node = svg('svg', { viewBox: `0 0 ${SIZE} ${SIZE}`, class: 'place-map', role: 'group', 'aria-label': 'Zones' });
  return {
    node,
    /** @param {Zone[]} zones @param {string | null} chosen */
    show(zones, chosen) {
      node.toggleAttribute('hidden', zones.length === 0);
      const toPlane = frameOf(zones);
      fill(
        node,
        zones.map((zone) => {
          const choose = () => onChoose(zone.id);
          return svg(
            'path',
            {
              d: rings(zone)
                .map((ring) => `M${ring.map(toPlane).join('L')}Z`)
                .join(''),
              class: zone.id === chosen ? 'place-zone place-chosen' : 'place-zone',
              tabindex: 0,
              role: 'button',
              'aria-pressed': String(zone.id === chosen),
              'aria-label': zone.properties.name,
              'data-testid': `place-${zone.id}`,
              on: {
                click: choose,
                keydown: (event) => ['Enter', ' '].includes(event.key) && (event.preventDefault(), choose()),
              },
            },
            svg('title', null, zone.properties.name),
          );
        }),
      );
    },
  };
}

const METRES_PER_DEG = 111_319;
const CORNERS = 24;

/** A zone's rings in degrees; a circle, which is a point and a radius, as a polygon. @param {Zone} zone @returns {[number, number][][]} */
function rings(zone) {
  const { type, coordinates } = /** @type {any} */ (zone.geometry);
  if (type === 'Polygon') return coordinates;
  if (type !== 'Point') return coordinates.flat();
  const [lon, lat] = coordinates;
  const high = (zone.properties.radius_m ?? 1) / METRES_PER_DEG;
  const wide = high / Math.cos((lat * Math.PI) / 180);
  const turn = (/** @type {number} */ corner) => (2 * Math.PI * corner) / CORNERS;
  return [
    Array.from({ length: CORNERS }, (_, corner) => [
      lon + wide * Math.cos(turn(corner)),
      lat + high * Math.sin(turn(corner)),
    ]),
  ];
}

/** Degrees to the picture, the same scale both ways. @param {Zone[]} zones */
function frameOf(zones) {
  const points = zones.flatMap((zone) => rings(zone).flat());
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  const [west, north] = [Math.min(...lons), Math.max(...lats)];
  const squeeze = Math.cos((north * Math.PI) / 180);
  const extent = Math.max((Math.max(...lons) - west) * squeeze, north - Math.min(...lats)) || 1;
  const scale = (SIZE - 16) / extent;
  return (/** @type {[number, number]} */ [lon, lat]) =>
    `${(8 + (lon - west) * squeeze * scale).toFixed(1)} ${(8 + (north - lat) * scale).toFixed(1)}`;
}
