/**
 * The map page: the mall live, its zones to edit, what happens, and the phone. This file only puts the parts together;
 * each part knows nothing of the others.
 */
import { getAll } from '../../api.js';
import { makeEngine } from '../../engine/index.js';
import { contains, parts } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { empty, failure, loading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { openExplain } from '../explain_panel.js';
import { coach } from './coach.js';
import { turnCompass } from './compass.js';
import { makeDebug } from './debug.js';
import { makeEditing } from './editing.js';
import { makeFeed } from './feed.js';
import { listenToKeys, showKeys } from './keys.js';
import { makeLive } from './live_map.js';
import { makeMapFrame } from './map_frame.js';
import { makePhone } from './phone.js';
import { sheetTabs } from './sheet.js';
import { makeToolbar } from './toolbar.js';
import { loadVenue } from './venue.js';
import { zoneList } from './zone_list.js';

/** @import {Mall, Shape, Store, XY, Zone} from '../../types' */
/** @import {Tool} from '../../engine/editor.js' */
/** @import {Venue} from './venue.js' */

const FPS = 30;

/** @type {import('../../types').Page} */
export function mapPage(root, context, query) {
  const abort = new AbortController();
  const canEdit = may(context.me, 'edit');
  /** @type {Venue | null} */
  let venue = null;
  let level = 0;
  /** @type {Set<string>} */
  const hidden = new Set();

  // ---- the parts

  const help = coach(context, canEdit);
  const frame = makeMapFrame(help.node);
  const mallSelect = h('select', { 'aria-label': 'Mall', 'data-testid': 'mall-switcher', class: 'mall-select' });
  const formPanel = h('section', { class: 'form-panel', 'aria-label': 'Zone', hidden: true });

  // Leaflet reads the element's style when it starts, so it must be on the page by then
  fill(root, frame.node);
  const engine = makeEngine(
    frame.map,
    {
      click: onClick,
      hover: frame.showTip,
      drawn: onDrawn,
      edited: (shape) => editing.changed(shape),
      drawing: onDrawing,
    },
    { fps: Number(query.get('fps')) || FPS },
  );

  const toolbar = makeToolbar({
    canEdit,
    onLevel: setLevel,
    onTool: startTool,
    onUndo: () => editing.undo(),
    onRedo: () => editing.redo(),
    onFit: fitLevel,
    onKeys: showKeys,
  });
  const list = zoneList({ canEdit, onOpen: openZone, onToggle: toggleZone, onDraw: () => startTool('Rectangle') });
  const feed = makeFeed({ onWhy: why });
  const phone = makePhone({ onWhy: why, sender: context.me.tenant.name });
  const live = makeLive({
    engine,
    context,
    feed,
    phone,
    list,
    onState: (state) => frame.showLost(state === 'lost'),
    onCount: frame.showPeople,
  });
  const editing = makeEditing({
    engine,
    context,
    canEdit,
    panel: formPanel,
    level: () => level,
    venue: () => /** @type {Venue} */ (venue),
    onClosed: () => {
      formPanel.hidden = true;
      list.node.hidden = false;
      tabs.close();
      refresh();
    },
    onDraft: () => {
      formPanel.hidden = false;
      list.node.hidden = true;
      toolbar.setHistory(editing.canUndo(), editing.canRedo());
    },
    onSaved: (zone) => {
      refresh();
      if (zone.properties.published_version !== null) help.done();
    },
    onRemoved: refresh,
  });
  const tabs = sheetTabs([
    ['zones', 'Zones', 'zones'],
    ['phone', 'Phone', 'phone'],
    ['feed', 'Live', 'feed'],
  ]);

  const side = h(
    'div',
    { class: 'side', 'data-sheet': 'zones' },
    h('div', { class: 'mall-head' }, icon('store', 18), mallSelect),
    list.node,
    formPanel,
  );
  const middle = h(
    'div',
    { class: 'middle' },
    toolbar.node,
    frame.node,
    h('div', { class: 'feed-panel', 'data-sheet': 'feed' }, feed.node),
  );
  const right = h('div', { class: 'right', 'data-sheet': 'phone' }, phone.node);
  const page = h(
    'div',
    { class: 'map-page' },
    h('h1', { class: 'visually-hidden' }, 'Live map'),
    side,
    middle,
    right,
    tabs.node,
  );
  tabs.control(page);
  toolbar.setHistory(false, false);
  fill(root, page);

  // ---- loading

  async function start() {
    fill(frame.overlay, loading('Loading the mall…'));
    try {
      /** @type {Mall[]} */
      const malls = await getAll('/v1/malls', {}, abort.signal);
      if (malls.length === 0) {
        fill(
          frame.overlay,
          empty('No mall yet', 'Import one with the API or the geoengage command; it shows up here.'),
        );
        return;
      }
      fill(
        mallSelect,
        malls.map((mall) => h('option', { value: mall.id }, mall.name)),
      );
      mallSelect.disabled = malls.length < 2;
      mallSelect.onchange = () => showMall(malls.find((mall) => mall.id === mallSelect.value) ?? malls[0]);
      const wanted = malls.find((mall) => mall.id === query.get('mall')) ?? malls[0];
      mallSelect.value = wanted.id;
      await showMall(wanted);
      phone.prefill(abort.signal).catch(() => {});
    } catch (error) {
      if (!abort.signal.aborted) fill(frame.overlay, failure(error, start));
    }
  }

  /** @param {Mall} mall */
  async function showMall(mall) {
    if (!(await editing.leave())) return;
    fill(frame.overlay, loading('Loading the mall…'));
    try {
      venue = await loadVenue(mall, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted)
        fill(
          frame.overlay,
          failure(error, () => showMall(mall)),
        );
      return;
    }
    fill(frame.overlay);
    turnCompass(frame.compass, venue.frame.bearing);
    const zone = venue.zone(query.get('zone') ?? '');
    level = Number(query.get('level') ?? zone?.properties.levels[0] ?? venue.ground);
    showLevel();
    fitLevel();
    // after the fit: a limit set while looking elsewhere starts a pan that would win over it
    engine.limit(venue.plan(level).outline);
    makeDebug(engine, venue);
    if (zone) openZone(zone);
    else if (venue.zones().length) help.show();
  }

  function refresh() {
    if (!venue) return;
    const on = venue
      .zones()
      .filter((zone) => venue?.isOn(zone, level) && !hidden.has(zone.id) && zone.id !== editing.zoneId());
    engine.zones.set(on.map(venue.drawn));
    list.set(venue, level, hidden);
    toolbar.setHistory(editing.canUndo(), editing.canRedo());
    live.count();
  }

  function showLevel() {
    if (!venue) return;
    engine.plan.set(venue.plan(level));
    toolbar.setLevels(venue.levels, level);
    frame.hideStore();
    refresh();
    live.watch(venue, level);
  }

  /** @param {number} ordinal */
  function setLevel(ordinal) {
    if (!venue?.level(ordinal) || ordinal === level) return;
    level = ordinal;
    engine.editor.draw(null);
    showLevel();
    context.announce(venue.level(level)?.properties.name ?? '');
  }

  function fitLevel() {
    const outline = venue?.plan(level).outline;
    if (outline) engine.fit([outline]);
  }

  // ---- what the operator does

  /** @param {Tool | null} tool */
  async function startTool(tool) {
    if (!canEdit || !venue) return;
    if (tool && editing.isOpen() && editing.hasShape() && !(await editing.leave())) return;
    tabs.close();
    frame.hideStore();
    engine.editor.draw(tool);
  }

  /** @param {Tool | null} tool @param {number} corners */
  function onDrawing(tool, corners) {
    toolbar.setTool(tool);
    frame.showHint(tool, corners);
    if (tool) help.hide();
  }

  /** @param {Zone} zone */
  async function openZone(zone) {
    if (!venue || editing.zoneId() === zone.id || !(await editing.leave())) return;
    frame.hideStore();
    if (!venue.isOn(zone, level) && venue.level(zone.properties.levels[0] ?? 0)) {
      level = zone.properties.levels[0] ?? 0;
      showLevel();
    }
    try {
      await editing.open(zone);
      refresh();
      tabs.open('zones');
      engine.fit([venue.shapeOf(zone)], { padding: 90, maxZoom: 3, covered: covered() });
    } catch (error) {
      context.toast(error instanceof Error ? error.message : 'The zone could not be read.', { tone: 'bad' });
    }
  }

  /** @param {string} id */
  function toggleZone(id) {
    if (!hidden.delete(id)) hidden.add(id);
    refresh();
  }

  /** @param {{dot: import('../../dots.js').Seen | null, zone: string | null, at: XY}} hit */
  function onClick({ dot, zone: zoneId, at }) {
    frame.hideStore();
    if (!venue) return;
    // a slip of the hand beside a corner must not lead away from the work
    if (editing.isDirty()) return;
    if (dot?.open) return why({ pseudonym: dot.id });
    if (dot) return context.toast('This is a real shopper: nobody’s way is shown from the map.');
    const zone = zoneId ? venue.zone(zoneId) : null;
    if (zone) return openZone(zone);
    if (editing.isOpen()) return;
    const store = venue.store(storeAt(venue, level, at));
    if (!store) return;
    const mayMake = canEdit && store.geometry.type !== 'Point';
    // both lie at the bottom of the map
    help.hide();
    frame.showStore(store, mayMake ? () => zoneFromStore(store) : null);
  }

  /** @param {Store} store */
  function zoneFromStore(store) {
    if (!venue) return;
    frame.hideStore();
    const { name, brand_color } = store.properties;
    const shape = venue.shapeOf(/** @type {any} */ (store));
    editing.create(shape, { name, kind: 'store', store_id: store.id, color: brand_color });
    tabs.open('zones');
  }

  /** How much of the map the open sheet hides at the bottom of a narrow screen, in pixels. */
  function covered() {
    const [map, sheet] = [frame.map, side].map((node) => node.getBoundingClientRect());
    return getComputedStyle(side).position === 'absolute' ? Math.max(0, map.bottom - sheet.top) : 0;
  }

  /** @param {Shape} shape */
  function onDrawn(shape) {
    const outline = venue?.plan(level).outline;
    const corners = parts(shape).flat(2);
    const isOutside = outline && !corners.some((corner) => contains(outline, corner));
    editing.create(shape, isOutside ? { mall_id: null, levels: [], kind: 'other' } : {});
    tabs.open('zones');
    if (covered()) engine.fit([shape], { padding: 30, maxZoom: 2.5, covered: covered() });
  }

  /** @param {{id?: string, pseudonym?: string | null, device_id?: string | null, at?: string, created_at?: string}} what */
  function why(what) {
    help.finish();
    openExplain(context, what);
  }

  const stopKeys = listenToKeys({
    canEdit,
    onLevel: setLevel,
    onTool: startTool,
    onUndo: () => editing.undo(),
    onRedo: () => editing.redo(),
    onFit: fitLevel,
    onEscape: () => (engine.editor.tool() ? engine.editor.draw(null) : editing.isOpen() && editing.leave()),
    onBackspace: () => engine.editor.removeLastCorner(),
    onEnter: () => engine.editor.finish(),
  });
  const stopAlerts = context.hub.on(
    'alert',
    (alert) => alert.kind === 'venue_changed' && venue?.reloadZones().then(refresh, () => {}),
  );
  /** @param {BeforeUnloadEvent} event */
  const warn = (event) => editing.isDirty() && event.preventDefault();
  window.addEventListener('beforeunload', warn);
  context.setGuard(() => editing.leave());
  start();

  return () => {
    abort.abort();
    window.removeEventListener('beforeunload', warn);
    stopKeys();
    stopAlerts();
    live.stop();
    feed.stop();
    phone.stop();
    engine.destroy();
  };
}

/** @param {Venue} venue @param {number} level @param {XY} at @returns {string | null} */
function storeAt(venue, level, at) {
  return venue.plan(level).stores.find(({ shape }) => shape && contains(shape, at))?.id ?? null;
}
