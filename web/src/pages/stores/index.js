/**
 * The stores page: all stores as a list, and the city around them. By the address one of them (`?id=`).
 *
 * The city is drawn with the engine's world map, which needs no tiles. Its clicks choose a store, or set the place of
 * one that is being written; a zone around a store is a circle, or drawn with the same editor as on the mall's map.
 */
import { makeWorldMap } from '../../engine/world_map.js';
import { fill, h } from '../../ui/dom.js';
import { colour, readable } from '../../ui/format.js';
import { failure, loading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { loadCity, placeOf } from './city.js';
import { openStoreImport } from './csv_import.js';
import { storeCard } from './store_card.js';
import { storeForm } from './store_form.js';
import { storeList } from './store_list.js';
import { zoneMaker } from './zone_maker.js';

/** @import {GeoJson, LonLat, Store, Zone} from '../../types' */
/** @import {DrawnPlace, WorldMap} from '../../engine/world_map.js' */
/** @import {City} from './city.js' */

/** Where there is no store and no mall yet. */
const NOWHERE = /** @type {LonLat} */ ([10, 50]);
const STREET_ZOOM = 16;
/** From here on a mall is larger than the dots of its shops. */
const INDOOR_ZOOM = 17;
const DRAFT_COLOUR = '#0f5c5a';
const DRAW_HINT = 'Click the corners of the area; click the first one again, or press Enter, to close it. Esc stops.';

/** @type {import('../../types').Page} */
export function storesPage(root, context, query) {
  const abort = new AbortController();
  const canEdit = may(context.me, 'edit');
  const { tiles_url: tiles = null, tiles_attribution: credit = null } = context.me.map ?? {};
  /** @type {City | null} */
  let city = null;
  /** @type {WorldMap | null} */
  let map = null;
  /** @type {Store | null} */
  let chosen = null;
  /** @type {Store[]} */
  let found = [];
  /** @type {ReturnType<typeof zoneMaker> | null} */
  let maker = null;
  /** @type {ReturnType<typeof storeForm> | null} */
  let form = null;
  /** @type {{geometry: GeoJson, radius: number | null} | null} */
  let draft = null;
  /** @type {LonLat | null} */
  let newPlace = null;

  const container = h('div', {
    class: 'map',
    'data-testid': 'city-map',
    tabindex: 0,
    role: 'application',
    'aria-label': 'Map of the city. Arrow keys move it, plus and minus zoom.',
  });
  const hint = h('p', { class: 'map-hint', role: 'status', hidden: true });
  const crosshair = h('div', { class: 'crosshair', 'aria-hidden': 'true', hidden: true });
  const overlay = h('div', { class: 'map-overlay' });
  const side = h('div', { class: 'stores-panel' });
  const list = storeList({
    canEdit,
    onOpen: (store) => open(store),
    onAdd: () => write(null),
    onImport: () => openStoreImport(context, reload),
    onFound(stores) {
      found = stores;
      draw();
    },
  });
  fill(
    root,
    h(
      'div',
      { class: 'stores-page' },
      side,
      h(
        'div',
        { class: 'map-frame' },
        container,
        crosshair,
        hint,
        tiles && credit && h('p', { class: 'attribution', 'data-testid': 'attribution' }, credit),
        overlay,
      ),
    ),
  );

  async function start() {
    fill(overlay, loading('Loading the stores…'));
    try {
      city = await loadCity(abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) fill(overlay, failure(error, start));
      return;
    }
    fill(overlay);
    fill(side, list.node);
    makeMap(city);
    list.set(city);
    const wanted = city.store(query.get('id') ?? '');
    if (wanted) open(wanted);
  }

  /** @param {City} now */
  function makeMap(now) {
    const streets = now.stores.filter(({ properties }) => !properties.mall_id);
    const places = streets.length ? streets.map(placeOf) : now.malls.map(({ origin }) => origin);
    map = makeWorldMap(
      container,
      { origin: places[0] ?? NOWHERE, tiles, canDraw: canEdit },
      { click: onClick, drawn: onDrawn, edited: (geometry) => maker?.setDrawn(geometry), drawing: onDrawing },
    );
    if (places.length) fitAll(now);
    else map.look(NOWHERE, 5);
    debug(map);
  }

  /** @param {City} now */
  function fitAll(now) {
    const points = now.stores.map((store) => ({
      geometry: { type: 'Point', coordinates: placeOf(store) },
      radius: 200,
    }));
    map?.fit([...points, ...now.outlines], STREET_ZOOM);
  }

  async function reload() {
    try {
      city = await loadCity(abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) context.toast('The list could not be read again. Reload the page.', { tone: 'bad' });
      return;
    }
    chosen = chosen && city.store(chosen.id);
    list.set(city);
    if (chosen && !form) open(chosen, false);
    else if (!form) fitAll(city);
  }

  // ---- what is drawn

  function draw() {
    if (!map || !city) return;
    /** @type {DrawnPlace[]} */
    const outlines = city.outlines.map(({ geometry }) => ({
      key: null,
      geometry,
      className: 'place-mall',
    }));
    const outdoor = city.zones.filter(({ properties }) => !properties.mall_id);
    const shapes = [...outlines, ...outdoor.map(zonePlace), ...(draft && !maker?.isDrawn() ? [draftPlace(draft)] : [])];
    map.setPlaces(shapes);
    const shown = chosen && !found.includes(chosen) ? [chosen, ...found] : found;
    const malls = city.outlines.map(({ mall }) => ({
      key: `mall ${mall.id}`,
      at: mall.origin,
      label: mall.name,
      color: '',
      className: 'pin-mall',
    }));
    const pins = [...shown].sort((a, b) => rank(a) - rank(b)).map(storePin);
    const fresh = newPlace ? [{ key: 'new', at: newPlace, label: 'Here', color: '', className: 'pin-new' }] : [];
    map.setPins([...fresh, ...malls, ...pins]);
  }

  /** Labels are given in this order. @param {Store} store */
  const rank = (store) => (store.id === chosen?.id ? 0 : store.properties.mall_id ? 2 : 1);

  /** @param {Store} store */
  const storePin = (store) => ({
    key: store.id,
    at: placeOf(store),
    label: store.properties.name,
    color: colour(store.properties.brand_color),
    minZoom: store.properties.mall_id && store.id !== chosen?.id ? INDOOR_ZOOM : 0,
    className: `${store.properties.mall_id ? 'pin-indoor' : ''} ${store.id === chosen?.id ? 'pin-chosen' : ''}`,
  });

  /** @param {Zone} zone @returns {DrawnPlace} */
  const zonePlace = (zone) => ({
    key: zone.properties.store_id && `store ${zone.properties.store_id}`,
    geometry: zone.geometry,
    radius: zone.properties.radius_m,
    className: `zone zone-${zone.properties.status}`,
    color: readable(colour(zone.properties.color)),
  });

  /** @param {{geometry: GeoJson, radius: number | null}} shape @returns {DrawnPlace} */
  const draftPlace = ({ geometry, radius }) => ({ key: null, geometry, radius, className: 'place-draft' });

  // ---- one store

  /** @param {Store} store @param {boolean} [look] */
  function open(store, look = true) {
    if (!city) return;
    leave();
    chosen = store;
    if (canEdit) {
      maker = zoneMaker({
        store,
        onShape(shape) {
          draft = shape;
          if (!maker?.isDrawn()) map?.edit(null, DRAFT_COLOUR);
          draw();
        },
        onDraw: startDrawing,
        onDone(zone) {
          context.toast(`Saved “${zone.properties.name}”.`, { tone: 'ok' });
          reload();
        },
      });
    }
    const card = storeCard({
      store,
      city,
      context,
      canEdit,
      maker: maker?.node ?? null,
      onBack: back,
      onEdit: () => write(store),
      onShowZone: ({ geometry, properties }) => map?.fit([{ geometry, radius: properties.radius_m }]),
      onChanged: reload,
      onRemoved() {
        back();
        reload();
      },
    });
    fill(side, card.node);
    window.history.replaceState(null, '', `/stores?id=${store.id}`);
    maker?.show();
    draw();
    if (look) {
      card.focus();
      map?.look(placeOf(store), Math.max(STREET_ZOOM, map.zoom()));
    }
  }

  function leave() {
    map?.drawing?.draw(null);
    map?.edit(null, DRAFT_COLOUR);
    map?.point(null);
    maker = form = draft = newPlace = null;
    hint.hidden = crosshair.hidden = true;
  }

  function back() {
    const last = chosen;
    leave();
    chosen = null;
    fill(side, list.node);
    window.history.replaceState(null, '', '/stores');
    draw();
    if (last) list.focus(last.id);
  }

  /** @param {Store | null} store null: a new one */
  function write(store) {
    if (!city) return;
    leave();
    chosen = store;
    form = storeForm({
      store,
      at: store && placeOf(store),
      owners: city.owners,
      timezone: context.me.tenant.timezone,
      onPlace(at) {
        newPlace = at;
        draw();
      },
      onDone(saved) {
        context.toast(`Saved “${saved.properties.name}”.`, { tone: 'ok' });
        form = null;
        chosen = saved;
        reload().then(() => map?.look(placeOf(saved), Math.max(STREET_ZOOM, map.zoom())));
      },
      onCancel: () => (store ? open(store) : back()),
    });
    fill(
      side,
      h(
        'section',
        { class: 'stores-side', 'aria-label': 'Store' },
        h('div', { class: 'panel-head' }, h('h1', null, store ? `Edit ${store.properties.name}` : 'New street store')),
        h('div', { class: 'stores-scroll' }, form.node),
      ),
    );
    say('Click the map where the store is.');
    form.focus();
    draw();
  }

  // ---- the map's gestures

  /** @param {{pin: string | null, place: string | null, at: LonLat}} hit */
  function onClick({ pin, place, at }) {
    if (form) return form.setPlace(at);
    if (maker?.isDrawn()) return;
    const store = city?.store(pin ?? place?.replace('store ', '') ?? '');
    if (store) open(store);
    else if (pin?.startsWith('mall ')) context.navigate(`/map?mall=${pin.slice(5)}`);
  }

  function startDrawing() {
    maker?.setDrawn(null);
    map?.drawing?.draw('Polygon');
  }

  /** @param {GeoJson} geometry */
  function onDrawn(geometry) {
    maker?.setDrawn(geometry);
    map?.edit(geometry, DRAFT_COLOUR);
  }

  /** @param {unknown} now */
  function onDrawing(now) {
    crosshair.hidden = now === null;
    if (now) say(DRAW_HINT);
    else hint.hidden = true;
  }

  /** @param {string} text */
  function say(text) {
    hint.hidden = false;
    fill(hint, text);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const drawing = map?.drawing;
    if (!drawing?.tool() || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') drawing.draw(null);
    else if (event.key === 'Enter') drawing.finish();
    else if (event.key === 'Backspace' && drawing.takeBack()) event.preventDefault();
  }

  document.addEventListener('keydown', onKey);
  start();
  return () => {
    abort.abort();
    document.removeEventListener('keydown', onKey);
    map?.destroy();
  };
}

/** For browser tests, only with `?debug` in the address. @param {WorldMap} map */
function debug(map) {
  if (!new URLSearchParams(window.location.search).has('debug')) return;
  /** @type {any} */ (window).__geoengage_city = {
    look: map.look,
    /** @param {LonLat} at */
    pixel(at) {
      const box = /** @type {HTMLElement} */ (document.querySelector('[data-testid=city-map]')).getBoundingClientRect();
      const { x, y } = map.toPixel(at);
      return { x: x + box.x, y: y + box.y };
    },
  };
}
