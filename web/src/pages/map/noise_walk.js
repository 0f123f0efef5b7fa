/**
 * One simulated walk as a picture: where the shopper truly was, what the phone said, and where plain point-in-polygon
 * and the engine saw somebody come in.
 */
import { queryString } from '../../api.js';
import { fill, h, svg } from '../../ui/dom.js';
import { clock, readable } from '../../ui/format.js';
import { drawer } from '../../ui/widgets.js';
import { names, path, scaleBar, viewBox } from '../explain/drawn.js';
import { zoneColour } from './venue.js';

/** @import {Context, Shape, XY, Zone} from '../../types' */
/** @import {SimulatedWalk, WalkEntry} from '../../types_simulation' */
/** @import {Venue} from './venue.js' */

const MINUTES = 10;
/** @type {Record<string, string>} */
const VERDICTS = { right: 'was there', wrong: 'was not there', again: 'again, noise alone' };

/** @param {Context} context @param {Venue} venue @param {SimulatedWalk} walk */
export function openWalk(context, venue, walk) {
  const levels = levelsOf(walk);
  const place = h('div', { class: 'noise-picture' });
  const switches = h('div', { class: 'segments noise-levels', role: 'group', 'aria-label': 'Level' });
  const at = walk.fixes[walk.fixes.length - 1]?.at;
  const panel = drawer('One walk, judged twice', [
    h(
      'p',
      { class: 'quiet' },
      'A shopper who was heard a moment ago. Green is the true way, blue is what the phone said.',
    ),
    levels.length > 1 && switches,
    place,
    legend(),
    h('div', { class: 'noise-lists' }, list('Plain point-in-polygon', 'plain', walk), list('geoengage', 'ours', walk)),
    h(
      'p',
      { class: 'drawer-foot' },
      h(
        'a',
        {
          class: 'button button-small',
          href: `/explain${queryString({ pseudonym: walk.pseudonym, at, minutes: MINUTES })}`,
        },
        'What the engine believed, moment by moment',
      ),
    ),
  ]);
  panel.classList.add('drawer-walk');
  panel.addEventListener(
    'click',
    (event) => event.target instanceof Element && event.target.closest('a') && panel.close(),
  );

  /** @param {number} level */
  function show(level) {
    fill(
      switches,
      levels.map((ordinal) =>
        h(
          'button',
          {
            type: 'button',
            class: 'segment',
            'aria-pressed': String(ordinal === level),
            on: { click: () => show(ordinal) },
          },
          venue.level(ordinal)?.properties.short_name ?? String(ordinal),
        ),
      ),
    );
    fill(place, picture(venue, walk, level, place.clientWidth));
  }

  show(levels[0] ?? 0);
  context.announce('One walk opened');
}

/** Levels on which it truly was, the one with most positions first. @param {SimulatedWalk} walk */
function levelsOf({ truth, fixes }) {
  /** @type {Map<number, number>} */
  const votes = new Map();
  for (const { at } of fixes) {
    const level = truth.findLast((point) => point.at <= at)?.level ?? null;
    if (level !== null) votes.set(level, (votes.get(level) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1]).map(([level]) => level);
}

/** @param {Venue} venue @param {SimulatedWalk} walk @param {number} level @param {number} widthPx */
function picture(venue, { truth, fixes, entries }, level, widthPx) {
  const { outline, stores } = venue.plan(level);
  const point = (/** @type {{lon: number, lat: number}} */ { lon, lat }) => venue.frame.toFrame([lon, lat]);
  const way = truth.map((step) => ({ at: point(step), level: step.level, time: step.at }));
  const heard = fixes.map((fix) => ({
    fix,
    at: point(fix),
    here: (truth.findLast(({ at }) => at <= fix.at)?.level ?? level) === level,
  }));
  const zones = venue.zones().filter((zone) => venue.isOn(zone, level) && zone.properties.status !== 'draft');
  const entered = new Set(entries.map(({ zone_id: id }) => id));
  const shapes = zones.map((zone) => ({ zone, shape: venue.shapeOf(zone) }));
  const told = shapes.filter(({ zone }) => entered.has(zone.id) && zone.properties.mall_id);
  /** @type {Shape[]} */
  const discs = heard.filter(({ here }) => here).map(({ at }) => ({ type: 'Point', coordinates: at, radius: 3 }));
  const box = viewBox(
    discs.length ? discs : heard.map(({ at }) => ({ type: 'Point', coordinates: at, radius: 3 })),
    told.map(({ shape }) => shape),
  );
  const unit = box.width / (widthPx || 520);
  return svg(
    'svg',
    {
      viewBox: `${box.x} ${box.y} ${box.width} ${box.height}`,
      class: 'walk',
      role: 'img',
      'data-testid': 'noise-picture',
      'aria-label': `Drawing of one walk with ${fixes.length} positions; the lists below say what was made of it.`,
    },
    outline && svg('path', { d: path(outline), class: 'walk-outline' }),
    stores.map(({ shape }) => shape && svg('path', { d: path(shape), class: 'walk-store' })),
    shapes.map(({ zone, shape }) =>
      svg('path', {
        d: path(shape),
        class: `walk-zone ${wrongIn(zone, entries) ? 'noise-zone-wrong' : ''}`,
        style: { '--zone': readable(zoneColour(zone)) },
      }),
    ),
    heard.map(({ fix, at: [x, y] }) => {
      // every disc would cover everything; those that misled plain are enough
      const misled = entries.some(({ way: by, at, verdict }) => by === 'plain' && verdict === 'wrong' && at === fix.at);
      return (
        misled && svg('circle', { cx: x, cy: -y, r: Math.max(1, fix.accuracy_m), class: 'walk-disc noise-misled' })
      );
    }),
    runs(way, level).map((run) => svg('polyline', { points: line(run), class: 'noise-truth' })),
    svg('polyline', {
      points: line(heard.filter(({ here }) => here).map(({ at }) => at)),
      class: 'walk-line noise-said',
    }),
    heard.map(({ fix, at: [x, y], here }) => {
      const entry = entries.find((other) => other.way === 'plain' && other.at === fix.at);
      const look = entry ? `noise-entry-${entry.verdict}` : here ? '' : 'walk-off';
      return svg(
        'circle',
        { cx: x, cy: -y, r: (entry ? 6 : 3) * unit, class: `walk-fix ${look}` },
        svg(
          'title',
          null,
          `${clock(fix.at)}, ±${Math.round(fix.accuracy_m)} m${entry ? `: plain sees it come into ${entry.zone_name}, ${VERDICTS[entry.verdict]}` : ''}`,
        ),
      );
    }),
    names(
      told.map(({ zone, shape }) => ({ name: zone.properties.name, shape })),
      unit,
      box,
    ),
    scaleBar(box, unit),
  );
}

/** @param {Zone} zone @param {WalkEntry[]} entries */
const wrongIn = (zone, entries) =>
  entries.some(({ zone_id: id, way, verdict }) => id === zone.id && way === 'plain' && verdict === 'wrong');

/** @param {XY[]} points */
const line = (points) => points.map(([x, y]) => `${x.toFixed(2)},${(-y).toFixed(2)}`).join(' ');

/** The parts of the true way that lie on a level. @param {{at: XY, level: number | null}[]} way @param {number} level */
function runs(way, level) {
  /** @type {XY[][]} */
  const found = [];
  let open = false;
  for (const step of way) {
    if (step.level !== level && step.level !== null) {
      open = false;
      continue;
    }
    if (!open) found.push([]);
    found[found.length - 1].push(step.at);
    open = true;
  }
  return found;
}

const legend = () =>
  h(
    'ul',
    { class: 'noise-legend' },
    h('li', null, h('span', { class: 'key key-truth' }), 'true way'),
    h('li', null, h('span', { class: 'key key-said' }), 'positions'),
    h('li', null, h('span', { class: 'key key-wrong' }), 'plain: wrong entry'),
    h('li', null, h('span', { class: 'key key-right' }), 'plain: right entry'),
    h('li', null, h('span', { class: 'key key-again' }), 'plain: again'),
  );

/** @param {string} title @param {'plain' | 'ours'} way @param {SimulatedWalk} walk */
function list(title, way, { entries }) {
  const all = entries.filter((entry) => entry.way === way);
  const own = all.filter(({ verdict }) => verdict !== 'again');
  const again = all.length - own.length;
  return h(
    'section',
    { class: 'noise-list', 'data-testid': `walk-${way}` },
    h('h3', null, title),
    own.length
      ? h(
          'ul',
          null,
          own.map(({ at, zone_name: name, verdict }) =>
            h(
              'li',
              { class: `noise-entry noise-said-${verdict}` },
              h('time', { datetime: at }, clock(at)),
              h('span', null, h('b', null, name), ` ${VERDICTS[verdict]}`),
            ),
          ),
        )
      : h('p', { class: 'quiet' }, 'Saw nobody come in.'),
    again > 0 && h('p', { class: 'quiet' }, `and ${again} more of the same, by noise alone`),
  );
}
