/**
 * The map page: the mall live, its zones to edit, what happens, and the phone. This file only puts the parts together;
 * each part knows nothing of the others.
 *
 * Where further modules hook in:
 * - `editing.addExtra({ node, changed })`: a panel inside the zone's form. `changed` is called with a DraftSnapshot
 *   `{ zoneId, zone, values, shape }` when a zone is opened and after each change of shape or values, and with null when
 *   the form closes. `editing.snapshot()` gives the same at any time.
 * - `toolbar.more.add({ label, icon, act })`: an entry of the "More" menu at the mall's name.
 * - `engine.marks.set(name, shapes, style)` outlines things, `engine.handles.set(name, handles, events)` shows points
 *   that can be dragged or nudged, `engine.pick(onPoint)` takes clicks; IMAGE_PANE lies below the plan for images.
 * - `view.venue()`, `view.level()`, `view.reload(mallId)`, and `onLevel` in makeMallView below for what follows the level.
 */
import { makeEngine } from '../../engine/index.js';
import { contains, parts } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { may } from '../../ui/words.js';
import { openConnect } from '../connect/index.js';
import { openExplain } from '../explain/panel.js';
import { coach } from './coach.js';
import { makeDebug } from './debug.js';
import { drawBar } from './draw_bar.js';
import { place, said } from './draw_words.js';
import { makeEditing } from './editing.js';
import { makeEvidence } from './evidence.js';
import { makeEvidenceReach } from './evidence_reach.js';
import { makeFixtureView } from './fixtures.js';
import { makeFeed } from './feed.js';
import { makeGhost } from './ghost.js';
import { listenToKeys, showKeys } from './keys.js';
import { makeLintPanel } from './lint_panel.js';
import { makeLive } from './live_map.js';
import { makeMallView } from './mall_view.js';
import { makeMapFrame } from './map_frame.js';
import { makeNoise, noiseTab } from './noise.js';
import { makePhone } from './phone.js';
import { makePlanPanel } from './plan_panel.js';
import { makePreviewPanel } from './preview_panel.js';
import { sheetTabs } from './sheet.js';
import { makeToolbar } from './toolbar.js';
import { addVenueMenu } from './venue_menu.js';
import { makeZoneActions } from './zone_actions.js';
import { zoneList } from './zone_list.js';

/** @import {Shape, Store, XY, Zone} from '../../types' */
/** @import {Aim, Drawing, Purpose, Tool} from '../../engine/drawing.js' */
/** @import {Venue} from './venue.js' */

const FPS = 30;

/** @type {import('../../types').Page} */
export function mapPage(root, context, query) {
  const canEdit = may(context.me, 'edit');

  // ---- the parts

  const help = coach(context, canEdit);
  const bar = drawBar({
    onFinish: () => engine.drawing.finish(),
    onBack: () => engine.drawing.takeBack(),
    onCancel: () => engine.drawing.draw(null),
  });
  const frame = makeMapFrame(help.node, bar.node);
  const formPanel = h('section', { class: 'form-panel', 'aria-label': 'Zone', hidden: true });

  // Leaflet reads the element's style when it starts, so it must be on the page by then
  fill(root, frame.node);
  const engine = makeEngine(
    frame.map,
    {
      click: onClick,
      hover: frame.showTip,
      drawn: onDrawn,
      edited: (shape, words) => editing.shaping.changed(shape, words),
      drawing: onDrawing,
      aim: onAim,
    },
    { fps: Number(query.get('fps')) || FPS },
  );

  const toolbar = makeToolbar({
    canEdit,
    onLevel: (ordinal) => view.setLevel(ordinal),
    onTool: startTool,
    onUndo: undo,
    onRedo: () => editing.shaping.redo(),
    onFit: () => view.fit(),
    onKeys: showKeys,
  });
  const actions = makeZoneActions({
    context,
    venue: () => /** @type {Venue} */ (view.venue()),
    create(shape, values) {
      editing.create(shape, values);
      tabs.open('zones');
    },
    onChanged: () => view.refresh(),
  });
  const list = zoneList({
    canEdit,
    actions,
    onOpen: openZone,
    onToggle: (id) => view.toggle(id),
    onDraw: () => startTool('Rectangle'),
  });
  const feed = makeFeed({ onWhy: why });
  const connect = may(context.me, 'people') ? () => openConnect(context) : null;
  const phone = makePhone({ onWhy: why, sender: context.me.tenant.name, onConnect: connect });
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
    level: () => view.level(),
    venue: () => /** @type {Venue} */ (view.venue()),
    onClosed: () => {
      formPanel.hidden = true;
      list.node.hidden = false;
      tabs.close();
      showUnsaved();
      view.refresh();
    },
    onDraft: () => {
      formPanel.hidden = false;
      list.node.hidden = true;
      showUnsaved();
      showHistory();
    },
    onSaved: (zone) => {
      view.refresh();
      if (zone.properties.published_version !== null) help.done();
    },
    onTool: startTool,
    onDuplicate: actions.duplicate,
    onCopy: actions.copy,
    onRemove: async (zone) => {
      if (await actions.remove([zone])) editing.close();
    },
  });
  const view = makeMallView({
    engine,
    context,
    query,
    frame,
    toolbar,
    list,
    live,
    mayLeave: leaveAll,
    edited: () => editing.zoneId(),
    onRefresh: showHistory,
    onMall,
    onLevel: () => {
      ghost.levelChanged();
      plan.follow();
      evidence.follow();
      fixtures.show(/** @type {Venue} */ (view.venue()), view.level());
    },
    noMall: () => menu.firstSteps(),
  });
  const fixtures = makeFixtureView(engine, view.signal);
  /** What takes the place of the list of zones. */
  const aside = {
    open() {
      list.node.hidden = true;
      frame.hideStore();
      help.hide();
      tabs.open('zones');
    },
    close() {
      list.node.hidden = false;
      tabs.close();
    },
  };
  const plan = makePlanPanel({
    engine,
    context,
    canEdit,
    map: frame.map,
    venue: view.venue,
    level: view.level,
    onOpen: () => {
      page.classList.add('placing');
      aside.open();
      view.fit(covered());
    },
    onClosed: () => {
      page.classList.remove('placing');
      aside.close();
      view.fit();
    },
  });
  const evidence = makeEvidence({
    engine,
    context,
    canEdit,
    map: frame.map,
    venue: view.venue,
    level: view.level,
    aside,
    fit: view.fit,
    onLevel: view.setLevel,
    covered: () => covered(),
  });
  /** @param {{isOpen: () => boolean, open: () => void}} panel */
  const openAside = async (panel) => {
    if (view.venue() && !panel.isOpen() && (await leaveAll())) panel.open();
  };
  const menu = addVenueMenu({
    context,
    canEdit,
    more: toolbar.more,
    venue: view.venue,
    onPlan: () => openAside(plan),
    onEvidence: () => openAside(evidence),
  });
  frame.node.append(plan.eye, evidence.eye);
  const tabs = sheetTabs([
    ['zones', 'Zones', 'zones'],
    ['phone', 'Phone', 'phone'],
    ['feed', 'Live', 'feed'],
    ...noiseTab(context),
  ]);
  const noise = makeNoise({ context, venue: () => view.venue(), grip: tabs.grip });
  const title = document.title;

  const lint = makeLintPanel({
    engine,
    context,
    venue: () => view.venue(),
    look: (shapes) => engine.fit(shapes, { padding: 60, maxZoom: 4, covered: covered() }),
    onSensitive: (sensitivity) => editing.setSensitivity(sensitivity),
    onOpenZone: (id) => {
      const zone = view.venue()?.zone(id);
      if (zone) openZone(zone);
    },
  });
  const preview = makePreviewPanel({ context, venue: () => view.venue(), onWalk: () => startWalk() });
  const ghost = makeGhost({
    engine,
    context,
    venue: () => view.venue(),
    level: () => view.level(),
    snapshot: () => editing.snapshot(),
    covered: () => covered(ghost.node),
    onButton: startWalk,
    onOpen: () => tabs.close(),
    onClose: () => editing.isOpen() && tabs.open('zones'),
  });
  if (canEdit) {
    const reach = makeEvidenceReach({ venue: view.venue, onAdd: addEvidence });
    for (const extra of [reach, lint, preview, ghost.extra]) editing.addExtra(extra);
  }
  if (connect) toolbar.more.add({ label: 'Connect a phone…', icon: 'phone', testid: 'more-connect', act: connect });
  toolbar.more.add({ label: 'Test walk', icon: 'walk', testid: 'more-walk', act: startWalk });

  const side = h(
    'div',
    { class: 'side', 'data-sheet': 'zones' },
    tabs.grip(),
    h('div', { class: 'mall-head' }, icon('store', 18), view.select, toolbar.more.node),
    list.node,
    formPanel,
    plan.node,
    evidence.node,
  );
  const middle = h(
    'div',
    { class: 'middle' },
    toolbar.node,
    frame.node,
    noise.beside(h('div', { class: 'feed-panel', 'data-sheet': 'feed' }, tabs.grip(), feed.node)),
  );
  const right = h('div', { class: 'right', 'data-sheet': 'phone' }, tabs.grip(), phone.node);
  const page = h(
    'div',
    { class: 'map-page' },
    h('h1', { class: 'visually-hidden' }, 'Live map'),
    side,
    middle,
    right,
    ghost.node,
    tabs.node,
  );
  tabs.control(page);
  fill(root, page);

  function showHistory() {
    toolbar.setHistory(editing.canUndo(), editing.canRedo());
  }

  /** Unsaved work shows in the browser's tab too. */
  function showUnsaved() {
    document.title = editing.isDirty() ? `● ${title}` : title;
  }

  // ---- what the operator does

  /** @param {Venue} venue @param {Zone | null} zone the one the address asks for */
  function onMall(venue, zone) {
    ghost.close();
    makeDebug(engine, venue);
    if (zone) openZone(zone);
    else if (venue.zones().length) help.show();
  }

  /** @param {Tool | null} tool @param {Purpose} [purpose] without one the tool is changed in the midst of a cut, else a zone begun */
  async function startTool(tool, purpose = engine.drawing.purpose() ?? 'new') {
    if (!canEdit || !view.venue()) return;
    const begins = tool && purpose === 'new' && editing.isOpen() && editing.hasShape();
    if (begins && !(await editing.leave())) return;
    if (!(await evidence.leave())) return;
    if (plan.isOpen()) plan.close();
    tabs.close();
    frame.hideStore();
    engine.drawing.draw(tool, purpose);
  }

  /** Whatever has the side panel is left, asking about what is not saved. @returns {Promise<boolean>} */
  async function leaveAll() {
    if (!(await editing.leave()) || !(await evidence.leave())) return false;
    if (plan.isOpen()) plan.close();
    if (ghost.isOpen()) ghost.close();
    return true;
  }

  /** @param {import('./evidence.js').Preset} preset */
  async function addEvidence(preset) {
    if (await leaveAll()) evidence.openNew(preset);
  }

  async function startWalk() {
    if (!(await evidence.leave())) return;
    if (plan.isOpen()) plan.close();
    frame.hideStore();
    help.hide();
    ghost.open(lint.accuracy());
  }

  /** @param {Drawing | null} drawing */
  function onDrawing(drawing) {
    toolbar.setTool(drawing?.tool ?? null, drawing?.purpose);
    frame.showHint(drawing);
    bar.show(drawing);
    if (!drawing) return;
    help.hide();
    context.announce(said(drawing));
  }

  /** @param {Aim | null} aim */
  function onAim(aim) {
    frame.showAim(aim);
    if (aim?.byKeys) context.announce(place(aim.at));
  }

  /** @param {Zone} zone */
  async function openZone(zone) {
    const venue = view.venue();
    if (!venue || editing.zoneId() === zone.id || !(await editing.leave()) || !(await evidence.leave())) return;
    if (plan.isOpen()) plan.close();
    frame.hideStore();
    view.goTo(zone);
    try {
      await editing.open(zone);
      view.refresh();
      tabs.open('zones');
      engine.fit([venue.shapeOf(zone)], { padding: 90, maxZoom: 3, covered: covered() });
    } catch (error) {
      context.toast(error instanceof Error ? error.message : 'The zone could not be read.', { tone: 'bad' });
    }
  }

  /** @param {{dot: import('../../dots.js').Seen | null, zone: string | null, at: XY}} hit */
  function onClick({ dot, zone: zoneId, at }) {
    const venue = view.venue();
    frame.hideStore();
    if (!venue) return;
    // a slip of the hand beside a corner must not lead away from the work
    if (editing.isDirty()) return;
    if (dot?.open) return why({ pseudonym: dot.id });
    if (dot) return context.toast('This is a real shopper: nobody’s way is shown from the map.');
    const zone = zoneId ? venue.zone(zoneId) : null;
    if (zone) return openZone(zone);
    if (editing.isOpen()) return;
    const store = venue.store(venue.storeAt(view.level(), at));
    if (!store) return;
    const mayMake = canEdit && store.geometry.type !== 'Point';
    // both lie at the bottom of the map
    help.hide();
    frame.showStore(store, mayMake ? () => zoneFromStore(venue, store) : null);
  }

  /** @param {Venue} venue @param {Store} store */
  function zoneFromStore(venue, store) {
    frame.hideStore();
    const { name, brand_color } = store.properties;
    const shape = venue.shapeOf(/** @type {any} */ (store));
    editing.create(shape, { name, kind: 'store', store_id: store.id, color: brand_color });
    tabs.open('zones');
  }

  /** How much of the map the open sheet hides at the bottom of a narrow screen, in pixels. */
  function covered(/** @type {HTMLElement} */ panel = side) {
    const [map, sheet] = [frame.map, panel].map((node) => node.getBoundingClientRect());
    return getComputedStyle(panel).position === 'absolute' ? Math.max(0, map.bottom - sheet.top) : 0;
  }

  /** @param {Shape} shape @param {Purpose} purpose */
  function onDrawn(shape, purpose) {
    if (purpose !== 'new') {
      tabs.open('zones');
      editing.shaping.combine(shape, purpose);
      return;
    }
    const outline = view.venue()?.plan(view.level()).outline;
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

  /** In the midst of drawing the last corner, else the last step. */
  function undo() {
    if (!engine.drawing.takeBack()) editing.shaping.undo();
  }

  /** One thing at a time: the drawing, then moving or turning, then the form. */
  function onEscape() {
    const mode = editing.shaping.mode();
    if (engine.drawing.tool()) engine.drawing.draw(null);
    else if (plan.isOpen()) plan.close();
    else if (evidence.isOpen()) evidence.back();
    else if (mode !== 'corners') editing.shaping.setMode(mode);
    else if (ghost.isOpen()) ghost.close();
    else if (editing.isOpen()) editing.leave();
  }

  const stopKeys = listenToKeys({
    canEdit,
    onLevel: view.setLevel,
    onTool: startTool,
    onUndo: undo,
    onRedo: () => editing.shaping.redo(),
    onFit: view.fit,
    onEscape,
    onBackspace: () => engine.drawing.takeBack(),
    onEnter: () => engine.drawing.finish(),
    onTurn: (degrees) => editing.shaping.turn(degrees),
    zone: {
      m: () => editing.shaping.setMode('move'),
      t: () => editing.shaping.setMode('rotate'),
      x: () => editing.shaping.draw('cut'),
      a: () => editing.shaping.draw('part'),
    },
  });
  const stopAlerts = context.hub.on(
    'alert',
    (alert) => alert.kind === 'venue_changed' && (evidence.follow(), view.reloadZones().catch(() => {})),
  );
  /** @param {BeforeUnloadEvent} event */
  const warn = (event) => (editing.isDirty() || evidence.isDirty()) && event.preventDefault();
  window.addEventListener('beforeunload', warn);
  context.setGuard(async () => (await editing.leave()) && evidence.leave());
  showHistory();
  view.start().then(() => phone.prefill(view.signal).catch(() => {}));

  return () => {
    document.title = title;
    window.removeEventListener('beforeunload', warn);
    ghost.close();
    view.stop();
    stopKeys();
    stopAlerts();
    live.stop();
    feed.stop();
    phone.stop();
    noise.stop();
    plan.stop();
    evidence.stop();
    engine.destroy();
  };
}
