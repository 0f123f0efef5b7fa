/**
 * The footfall page: who came, when, for how long and where to next, of one place in one day, week or month.
 *
 * The address says what is shown: `?mall=&period=&on=` and one of `zone=`, `store=`, `level=`; without a day it is that
 * of yesterday, since only days that are over are counted. Each card loads by itself and fails by itself.
 */
import { ApiError, get, getAll, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, failure, loading } from '../../ui/widgets.js';
import { loadVenue } from '../map/venue.js';
import { flowsCard, hiddenNote, placesCard, timeCards } from './cards.js';
import { makeControls } from './controls.js';
import { headline } from './headline.js';
import { heatCard } from './heat_card.js';
import { addDays, isDate, PERIODS, periodWords, shift, span, today as todayIn } from './periods.js';

/** @import {Footfall, Mall} from '../../types' */
/** @import {Venue} from '../map/venue.js' */
/** @import {Choice} from './controls.js' */
/** @typedef {{venue: Venue, choice: Choice, today: string, signal: AbortSignal}} View */

/** While the demo tells its past, the page looks again. */
const LOOK_AGAIN_MS = 10_000;
const MOST_LOOKS = 30;
const FORMATS = /** @type {[string, string][]} */ ([
  ['csv', 'CSV'],
  ['geojson', 'GeoJSON'],
  ['html', 'Report'],
]);

/** @type {import('../../types').Page} */
export function footfallPage(root, context, query) {
  const abort = new AbortController();
  const controls = h('div', null);
  const exports = h('div', { class: 'page-tools', role: 'group', 'aria-label': 'Export' });
  const body = h('div', { class: 'footfall-body' });
  fill(
    root,
    h(
      'div',
      { class: 'page footfall' },
      h('header', { class: 'page-head' }, h('h1', null, 'Footfall'), exports),
      controls,
      body,
    ),
  );
  /** @type {(() => void) | null} */
  let stopShowing = null;

  async function start() {
    fill(body, loading('Loading the mall…'));
    try {
      const malls = await getAll('/v1/malls', {}, abort.signal);
      if (malls.length === 0) {
        fill(body, empty('No mall yet', 'Import one; as soon as phones report from it, its footfall is counted here.'));
        return;
      }
      await open(malls, malls.find((mall) => mall.id === query.get('mall')) ?? malls[0], readChoice(query));
    } catch (error) {
      if (!abort.signal.aborted) fill(body, failure(error, start));
    }
  }

  /** @param {Mall[]} malls @param {Mall} mall @param {Partial<Choice>} asked */
  async function open(malls, mall, asked) {
    const venue = await loadVenue(mall, abort.signal);
    const today = todayIn(mall.timezone);
    /** @type {Choice} */
    let choice = {
      period: 'week',
      on: addDays(today, -1),
      zone: null,
      store: null,
      level: null,
      ...asked,
      mall: mall.id,
    };
    const row = makeControls({
      malls,
      venue,
      async onChange(change) {
        if (change.mall && change.mall !== choice.mall) {
          context.navigate(`/footfall${queryString({ ...choice, ...change })}`);
          return;
        }
        choice = { ...choice, ...change };
        window.history.pushState(null, '', `/footfall${queryString(choice)}`);
        await show();
      },
    });
    fill(controls, row.node);

    async function show() {
      stopShowing?.();
      const here = new AbortController();
      row.show(choice, today);
      showExports(choice);
      const view = { venue, choice, today, signal: here.signal };
      const stop = showNumbers(body, view, context.me.tenant.is_demo, (change) => {
        choice = { ...choice, ...change };
        show();
      });
      stopShowing = () => {
        here.abort();
        stop();
      };
    }
    await show();
  }

  /** @param {Choice} choice */
  function showExports({ mall, period, on }) {
    fill(
      exports,
      h('span', { class: 'quiet' }, 'Export'),
      FORMATS.map(([format, label]) =>
        h(
          'a',
          {
            class: 'button button-small',
            href: `/v1/footfall/export${queryString({ mall_id: mall, period, on, format })}`,
            download: `footfall-${period}-${span(period, on).from}.${format}`,
            'data-testid': `export-${format}`,
          },
          label,
        ),
      ),
    );
  }

  start();
  return () => {
    abort.abort();
    stopShowing?.();
  };
}

/** What the address asks for. @param {URLSearchParams} query @returns {Partial<Choice>} */
function readChoice(query) {
  /** @type {Partial<Choice>} */
  const choice = {};
  const period = PERIODS.map(([key]) => key).find((key) => key === query.get('period'));
  if (period) choice.period = period;
  if (isDate(query.get('on'))) choice.on = query.get('on') ?? undefined;
  if (query.get('zone')) choice.zone = query.get('zone');
  else if (query.get('store')) choice.store = query.get('store');
  else if (query.has('level')) choice.level = Number(query.get('level'));
  return choice;
}

/** @param {View} view @param {string} on @returns {Promise<Footfall>} */
function read({ choice, signal }, on) {
  const { mall, period, zone, store, level } = choice;
  return get('/v1/footfall', { mall_id: mall, period, on, zone_id: zone, store_id: store, level }, signal);
}

/**
 * @param {HTMLElement} root
 * @param {View} view
 * @param {boolean} isDemo
 * @param {(change: Partial<Choice>) => void} onTurn when another place must be looked at
 * @returns {() => void} ends it
 */
function showNumbers(root, view, isDemo, onTurn) {
  const { choice, venue, signal } = view;
  let timer = 0;
  /** @type {(() => void) | null} */
  let stopHeat = null;
  let looks = 0;
  /** @type {number | null} visits that are shown */
  let shown = null;
  fill(root, loading('Counting…'));

  async function load() {
    try {
      const [now, before] = await Promise.all([read(view, choice.on), read(view, shift(choice.period, choice.on, -1))]);
      if (looks === 0 || now.visits !== shown) {
        stopHeat?.();
        if (isEmpty(now)) showNothing(before);
        else showCards(now, before);
      }
      shown = now.visits;
      looks += 1;
      if (isDemo && isArriving(now, view.today) && looks < MOST_LOOKS) timer = window.setTimeout(load, LOOK_AGAIN_MS);
    } catch (error) {
      if (signal.aborted) return;
      const first = venue.stores[0];
      // whoever is restricted to stores has no numbers of the whole mall
      if (error instanceof ApiError && error.status === 404 && isWholeMall(choice) && first)
        onTurn({ store: first.id });
      else fill(root, failure(error, load));
    }
  }

  /** @param {Footfall} before */
  function showNothing(before) {
    const text = isDemo
      ? 'The demo’s past arrives a few minutes after its start; this page looks again by itself.'
      : 'Visits show up here when the day is over. Is a zone published, and do phones report?';
    const earlier = `/footfall${queryString({ ...choice, on: before.from })}`;
    fill(
      root,
      empty(
        `No visits: ${periodWords(choice.period, choice.on)}`,
        text,
        !isEmpty(before) &&
          h('a', { class: 'button', href: earlier }, `See ${periodWords(choice.period, before.from)}`),
      ),
    );
  }

  /** @param {Footfall} now @param {Footfall} before */
  function showCards(now, before) {
    const heat = heatCard(view);
    stopHeat = heat.stop;
    fill(
      root,
      headline(now, before),
      hiddenNote(now),
      timeCards(now, before, view),
      heat.node,
      flowsCard(view, now),
      placesCard(view, now),
    );
    heat.start();
  }

  load();
  return () => {
    window.clearTimeout(timer);
    stopHeat?.();
  };
}

/** @param {Footfall} footfall */
const isEmpty = ({ visits, by_day: days }) => !visits && days.every((day) => !day.visits) && visits !== null;
/** The demo's days come one after the other, the last one last. @param {Footfall} footfall @param {string} today */
const isArriving = ({ by_day: days }, today) => !days.filter(({ on }) => on < today).at(-1)?.visits;
/** @param {Choice} choice */
const isWholeMall = ({ zone, store, level }) => !zone && !store && level === null;
