/**
 * A drawing of where somebody was at a moment: the positions so far with the accuracy disc of the last one, against the
 * floor and the outlines of the zones as they were then, in the mall's own metres.
 */
import { shapeFromGeoJson } from '../../geo.js';
import { fill, svg } from '../../ui/dom.js';
import { clock, readable } from '../../ui/format.js';
import { zoneColour } from '../map/venue.js';
import { names, path, scaleBar, viewBox } from './drawn.js';
import { shapeAt } from './story.js';

/** @import {Explanation, ZoneVerdict} from '../../types' */
/** @import {Moment, Story} from './story.js' */
/** @import {Scene} from './scene.js' */

/** Discs of positions before fade; so many are shown. */
const TRAIL = 6;

/**
 * @param {Explanation} explanation @param {Story} story @param {Scene} scene @param {number} widthPx how wide it is shown
 */
export function makePicture({ fixes, zones }, story, { frame, floors }, widthPx) {
  const walk = fixes.map((fix) => ({
    fix,
    at: frame.toFrame([fix.lon, fix.lat]),
    radius: Math.max(1, fix.accuracy_m ?? 0),
    floor: fix.floor?.level ?? null,
  }));
  const drawn = new Map(zones.map((zone) => [zone, zone.shapes.map((v) => shapeFromGeoJson(frame, v.geometry))]));
  const told = new Set(story.lanes.map(({ zone }) => zone.zone_id));
  const box = viewBox(
    walk.map(({ at, radius }) => ({ type: 'Point', coordinates: at, radius: Math.min(radius, 20) })),
    [...drawn].filter(([zone]) => told.has(zone.zone_id) && zone.levels.length > 0).flatMap(([, shapes]) => shapes),
  );
  const unit = box.width / (widthPx || 640);
  const ground = svg('g', null);
  const outlines = svg('g', null);
  const trail = svg('g', null);
  const over = svg('g', null);
  const node = svg(
    'svg',
    {
      viewBox: `${box.x} ${box.y} ${box.width} ${box.height}`,
      class: 'walk',
      role: 'img',
      'data-testid': 'explain-picture',
      'aria-label': `Drawing of ${fixes.length} positions and the zones near them; the lines beside it say the same in words.`,
    },
    ground,
    outlines,
    trail,
    over,
    scaleBar(box, unit),
  );
  /** @type {number | null | undefined} */
  let floorShown;

  /** The floor of a moment: that of its position, else the first one known. @param {Moment} moment */
  function floorAt({ number }) {
    const known = walk[number]?.floor ?? walk.find(({ floor }) => floor !== null)?.floor ?? null;
    return known !== null && floors.has(known) ? known : floors.has(0) ? 0 : null;
  }

  /** @param {ZoneVerdict} zone @param {number | null} floor */
  const isOn = ({ levels }, floor) => levels.length === 0 || floor === null || levels.includes(floor);

  /** @param {number | null} floor */
  function drawFloor(floor) {
    if (floor === floorShown) return;
    floorShown = floor;
    const storey = floor === null ? null : floors.get(floor);
    fill(
      ground,
      storey && svg('path', { d: path(storey.outline), class: 'walk-outline' }),
      storey?.stores.map((shape) => svg('path', { d: path(shape), class: 'walk-store' })),
    );
  }

  /** @param {Moment} moment @param {number | null} floor */
  function drawZones(moment, floor) {
    const here = zones
      .filter((zone) => isOn(zone, floor))
      .flatMap((zone) => {
        const version = shapeAt(zone, moment.at);
        if (!version) return [];
        const shape = /** @type {import('../../types').Shape[]} */ (drawn.get(zone))[zone.shapes.indexOf(version)];
        return [{ zone, shape, phase: moment.phases.get(zone.zone_id)?.phase ?? 'outside' }];
      });
    fill(
      outlines,
      here.map(({ zone, shape, phase }) =>
        svg('path', {
          d: path(shape),
          class: `walk-zone walk-${phase}`,
          'data-phase': phase,
          style: { '--zone': readable(zoneColour(/** @type {any} */ ({ properties: zone }))) },
        }),
      ),
    );
    const named = here.filter(({ zone, phase }) => phase !== 'outside' || told.has(zone.zone_id));
    return named.map(({ zone, shape }) => ({ name: zone.name, shape }));
  }

  /** @param {Moment} moment @param {number | null} floor */
  function drawTrail({ number }, floor) {
    const before = walk.slice(0, number + 1);
    const last = walk[number];
    const off = (/** @type {typeof last} */ step) => step.floor !== null && floor !== null && step.floor !== floor;
    fill(
      trail,
      svg('polyline', { points: line(walk.slice(Math.max(0, number))), class: 'walk-line walk-ahead' }),
      svg('polyline', { points: line(before), class: 'walk-line walk-past' }),
      svg('polyline', { points: line(before.slice(-TRAIL)), class: 'walk-line' }),
      before.slice(-TRAIL, -1).map((step, i, all) => {
        const [x, y] = step.at;
        const strength = String((i + 1) / (all.length + 1));
        return !off(step) && svg('circle', { cx: x, cy: -y, r: step.radius, class: 'walk-disc', opacity: strength });
      }),
      last && svg('circle', { cx: last.at[0], cy: -last.at[1], r: last.radius, class: 'walk-disc walk-disc-now' }),
      walk.map((step, i) => {
        const { fix, at } = step;
        const now = i === number;
        const looks = [
          i > number && 'walk-to-come',
          fix.late && 'walk-late',
          off(step) && 'walk-off',
          now && 'walk-last',
        ];
        return svg(
          'circle',
          { cx: at[0], cy: -at[1], r: (now ? 6 : 3) * unit, class: `walk-fix ${looks.filter(Boolean).join(' ')}` },
          svg('title', null, title(step)),
        );
      }),
    );
  }

  return {
    node,
    /** @param {Moment} moment @returns {number | null} the floor that is drawn */
    show(moment) {
      const floor = floorAt(moment);
      drawFloor(floor);
      const named = drawZones(moment, floor);
      drawTrail(moment, floor);
      fill(over, names(named, unit, box));
      return floor;
    },
    /** @param {number} floor */
    floorName: (floor) => floors.get(floor)?.name ?? `Level ${floor}`,
  };
}

/** @param {{at: import('../../types').XY}[]} steps */
const line = (steps) => steps.map(({ at: [x, y] }) => `${x.toFixed(2)},${(-y).toFixed(2)}`).join(' ');

/** @param {{fix: import('../../types').Fix, floor: number | null}} step */
const title = ({ fix, floor }) =>
  `${clock(fix.at)}, ±${Math.round(fix.accuracy_m ?? 0)} m${floor === null ? '' : `, level ${floor}`}${fix.late ? ', came late' : ''}`;
