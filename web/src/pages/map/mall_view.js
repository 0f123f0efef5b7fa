/**
 * Which mall is shown and which level of it: loading, switching, and redrawing what is on the level. What the operator
 * does with it is index.js's business.
 */
import { ApiError, get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, failure, loading } from '../../ui/widgets.js';
import { turnCompass } from './compass.js';
import { loadVenue } from './venue.js';

/** @import {Context, Mall, Zone} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Venue} from './venue.js' */

/**
 * @param {{engine: Engine, context: Context, query: URLSearchParams, frame: ReturnType<typeof import('./map_frame.js').makeMapFrame>,
 *   toolbar: ReturnType<typeof import('./toolbar.js').makeToolbar>, list: ReturnType<typeof import('./zone_list.js').zoneList>,
 *   live: ReturnType<typeof import('./live_map.js').makeLive>, mayLeave: () => Promise<boolean>, edited: () => string | null,
 *   onRefresh: () => void, onMall: (venue: Venue, zone: Zone | null) => void, onLevel: () => void, noMall: () => import('../../ui/dom.js').Child}} options
 *   `edited` names the zone under the editor, which draws it itself
 */
export function makeMallView({
  engine,
  context,
  query,
  frame,
  toolbar,
  list,
  live,
  mayLeave,
  edited,
  onRefresh,
  onMall,
  onLevel,
  noMall,
}) {
  const abort = new AbortController();
  /** @type {Venue | null} */
  let venue = null;
  let level = 0;
  /** @type {Set<string>} */
  const hidden = new Set();
  const select = h('select', { 'aria-label': 'Mall', 'data-testid': 'mall-switcher', class: 'mall-select' });

  async function start() {
    fill(frame.overlay, loading('Loading the mall…'));
    try {
      /** @type {Mall[]} */
      const malls = await getAll('/v1/malls', {}, abort.signal);
      if (malls.length === 0) {
        const text = 'Bring its plan as GeoJSON or IMDF, or draw your own, to start with zones.';
        fill(frame.overlay, empty('No mall yet', text, noMall()));
        return;
      }
      fill(
        select,
        malls.map((mall) => h('option', { value: mall.id }, mall.name)),
      );
      select.disabled = malls.length < 2;
      select.onchange = () => showMall(malls.find((mall) => mall.id === select.value) ?? malls[0]);
      const wanted = query.get('mall') ?? (await mallOfZone());
      await showMall(malls.find((mall) => mall.id === wanted) ?? malls[0]);
    } catch (error) {
      if (!abort.signal.aborted) fill(frame.overlay, failure(error, start));
    }
  }

  /** The mall of the zone that the address asks for; a zone that was taken away since is told of. */
  async function mallOfZone() {
    const id = query.get('zone');
    if (!id) return null;
    try {
      return (await get(`/v1/zones/${encodeURIComponent(id)}`, {}, abort.signal)).properties.mall_id;
    } catch (error) {
      if (!(error instanceof ApiError && (error.status === 404 || error.status === 422))) throw error;
      context.toast('This zone is no longer on the map: it was taken away.', { tone: 'bad' });
      return null;
    }
  }

  /** @param {Mall} mall */
  async function showMall(mall) {
    if (!(await mayLeave())) {
      if (venue) select.value = venue.mall.id;
      return;
    }
    select.value = mall.id;
    fill(frame.overlay, loading('Loading the mall…'));
    try {
      venue = await loadVenue(mall, abort.signal);
    } catch (error) {
      const again = () => showMall(mall);
      if (!abort.signal.aborted) fill(frame.overlay, failure(error, again));
      return;
    }
    fill(frame.overlay);
    turnCompass(frame.compass, venue.frame.bearing);
    const zone = venue.zone(query.get('zone') ?? '');
    level = Number(query.get('level') ?? zone?.properties.levels[0] ?? venue.ground);
    showLevel();
    fit();
    // after the fit: a limit set while looking elsewhere starts a pan that would win over it
    engine.limit(venue.plan(level).outline);
    onMall(venue, zone);
  }

  function refresh() {
    if (!venue) return;
    const on = venue.zones().filter((zone) => venue?.isOn(zone, level) && !hidden.has(zone.id) && zone.id !== edited());
    engine.zones.set(on.map(venue.drawn));
    list.set(venue, level, hidden);
    live.count();
    onRefresh();
  }

  function showLevel() {
    if (!venue) return;
    engine.plan.set(venue.plan(level));
    toolbar.setLevels(venue.levels, level);
    frame.hideStore();
    refresh();
    live.watch(venue, level);
    onLevel();
  }

  /** @param {number} ordinal */
  function setLevel(ordinal) {
    if (!venue?.level(ordinal) || ordinal === level) return;
    level = ordinal;
    engine.drawing.draw(null);
    showLevel();
    context.announce(venue.level(level)?.properties.name ?? '');
  }

  /** @param {number} [covered] pixels at the bottom of the map that are hidden */
  function fit(covered = 0) {
    const outline = venue?.plan(level).outline;
    if (outline) engine.fit([outline], { covered });
  }

  return {
    select,
    start,
    refresh,
    setLevel,
    fit,
    venue: () => venue,
    level: () => level,
    signal: abort.signal,
    /** Goes to a level on which the zone is, if this one is none. @param {Zone} zone */
    goTo(zone) {
      if (venue && !venue.isOn(zone, level)) setLevel(zone.properties.levels[0] ?? 0);
    },
    /** Shows or hides a zone. @param {string} id */
    toggle(id) {
      if (!hidden.delete(id)) hidden.add(id);
      refresh();
    },
    /** Reads malls and zones anew, for what was imported or changed elsewhere. @param {string} [mallId] that mall is shown then */
    async reload(mallId) {
      if (mallId) query.set('mall', mallId);
      await start();
    },
    async reloadZones() {
      await venue?.reloadZones(abort.signal);
      refresh();
    },
    stop: () => abort.abort(),
  };
}
