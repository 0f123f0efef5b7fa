/** Where people were on a level: squares on the plan, and the busiest spots in words for who cannot see them. */
import { ApiError, get } from '../../api.js';
import { makeHeatPlan } from '../../engine/heat.js';
import { contains } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { empty, failure, loading } from '../../ui/widgets.js';
import { card, legend } from './charts.js';
import { scale } from './numbers.js';
import { periodWords } from './periods.js';

/** @import {Heat, Plan, XY} from '../../types' */
/** @import {Venue} from '../map/venue.js' */
/** @import {Choice} from './controls.js' */

const SPOTS = 5;

/**
 * @param {{venue: Venue, choice: Choice, signal: AbortSignal}} options
 * @returns {{node: HTMLElement, start: () => void, stop: () => void}} `start` when the node is on the page
 */
export function heatCard({ venue, choice, signal }) {
  const level = { shown: startLevel(venue, choice) };
  const box = h('div', { class: 'heat-plan', 'data-testid': 'heat-plan' });
  const over = h('div', { class: 'heat-over' });
  const aside = h('div', { class: 'heat-aside' });
  const note = h('p', { class: 'quiet', 'data-testid': 'heat-note' });
  const switches = venue.levels.map(({ properties: { ordinal, name, short_name: short } }) => ({
    ordinal,
    button: h(
      'button',
      {
        type: 'button',
        class: 'segment',
        title: name,
        'aria-label': `Level ${short}, ${name}`,
        'data-testid': `heat-level-${ordinal}`,
        on: { click: () => show(ordinal) },
      },
      short,
    ),
  }));
  const levelSwitch = h(
    'div',
    { class: 'segments', role: 'group', 'aria-label': 'Level' },
    switches.map(({ button }) => button),
  );
  const body = h('div', { class: 'heat-body' }, h('div', { class: 'heat-frame' }, box, over), aside);
  const node = card('Where people were', null, h('div', { class: 'heat-head' }, note, levelSwitch), body);
  /** @type {ReturnType<typeof makeHeatPlan> | null} */
  let map = null;

  /** @param {number} ordinal */
  async function show(ordinal) {
    level.shown = ordinal;
    for (const { ordinal: own, button } of switches) button.setAttribute('aria-pressed', String(own === ordinal));
    const plan = venue.plan(ordinal);
    map?.setPlan(plan);
    map?.setSquares([], 1);
    fill(aside);
    fill(over, loading());
    try {
      const heat = await read(ordinal);
      if (ordinal === level.shown) draw(heat, plan);
    } catch (error) {
      // the plan is for the mall's own people; whoever is restricted to stores does without
      if (error instanceof ApiError && error.status === 404) node.hidden = true;
      else if (!signal.aborted)
        fill(
          over,
          failure(error, () => show(ordinal)),
        );
    }
  }

  /** @param {number} ordinal @returns {Promise<Heat>} */
  function read(ordinal) {
    const { mall, period, on } = choice;
    return get('/v1/footfall/heat', { mall_id: mall, period, on, level: ordinal }, signal);
  }

  /** @param {Heat} heat @param {Plan} plan */
  function draw({ cells, cell_m: side, k }, plan) {
    const { step, words } = scale(cells.map(({ people }) => people));
    const squares = cells.map(({ lon, lat, people }) => ({
      at: venue.frame.toFrame([lon, lat]),
      step: step(people),
      text: `${number(people)} people`,
      people,
    }));
    map?.setSquares(squares, side);
    fill(
      over,
      cells.length === 0 &&
        empty('No square is told', `Squares show from ${k} people a day; days count when they are over.`),
    );
    const spots = busiest(squares, plan);
    fill(
      aside,
      cells.length > 0 && legend(words, 'heat'),
      spots.length > 0 && h('h3', null, 'Busiest spots'),
      spots.length > 0 &&
        h(
          'ol',
          { class: 'spots', 'data-testid': 'spots' },
          spots.map(([name, people]) => h('li', null, h('span', null, name), h('b', null, number(people)))),
        ),
    );
  }

  return {
    node,
    start() {
      if (choice.period === 'month') {
        fill(note, 'Positions are kept for days only: choose a day or a week to see them on the plan.');
        levelSwitch.hidden = body.hidden = true;
        return;
      }
      fill(
        note,
        `People per square of the plan, ${periodWords(choice.period, choice.on)}; a person counts once a day.`,
      );
      map = makeHeatPlan(box);
      show(level.shown);
    },
    stop: () => map?.destroy(),
  };
}

/** @param {Venue} venue @param {Choice} choice */
function startLevel(venue, { level, zone, store }) {
  const own = zone ? venue.zone(zone)?.properties.levels[0] : venue.store(store)?.properties.level;
  return level ?? own ?? venue.ground;
}

/**
 * The places with the busiest squares, largest first.
 * @param {{at: XY, people: number}[]} squares
 * @param {Plan} plan
 * @returns {[string, number][]}
 */
function busiest(squares, plan) {
  const rooms = [
    ...plan.stores.flatMap(({ name, shape }) => (shape ? { name, shape } : [])),
    ...plan.units.flatMap(({ name, shape }) => (name ? { name, shape } : [])),
  ];
  /** @type {Map<string, number>} */
  const best = new Map();
  for (const { at, people } of squares) {
    const name = rooms.find(({ shape }) => contains(shape, at))?.name;
    if (name) best.set(name, Math.max(best.get(name) ?? 0, people));
  }
  return [...best].sort((a, b) => b[1] - a[1]).slice(0, SPOTS);
}
