/** The preview of a venue's import: the floors as they would come, what is wrong in red, and the list of flaws. */
import { makeWorldMap } from '../../engine/world_map.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { flaws, itemName } from './report.js';

/** @import {GeoJson, ImportItem, ImportReport, LonLat} from '../../types' */
/** @import {DrawnPlace, WorldMap} from '../../engine/world_map.js' */
/** @import {Flaw} from './report.js' */

/** Beyond this a list is no help; the first ones say what is the matter. */
const MOST_FLAWS = 200;
const AMENITY_M = 0.8;
const CLOSEST = 20;
/** @type {Record<string, number>} what lies on what */
const ORDER = { mall: 0, level: 1, unit: 2, store: 3, feature: 4, zone: 5 };

/** @param {ImportReport} report @param {string | null} tiles */
export function venuePreview(report, tiles) {
  const drawn = report.items.filter(({ geometry }) => geometry && isDrawable(geometry));
  const found = flaws(report);
  const container = h('div', {
    class: 'map preview-map',
    'data-testid': 'preview-map',
    role: 'application',
    tabindex: 0,
    'aria-label': 'Map of what would be imported. Arrow keys move it.',
  });
  const switcher = h('div', { class: 'segments', role: 'group', 'aria-label': 'Level' });
  const node = h(
    'div',
    { class: 'preview' },
    drawn.length > 0 && h('div', { class: 'preview-place' }, switcher, container),
    flawList(found, (flaw) => showFlaw(flaw)),
  );
  /** @type {WorldMap | null} */
  let map = null;
  /** @type {Flaw[]} those whose place is on the map now */
  let pinned = [];
  const levels = [...new Set(drawn.flatMap(({ level }) => (level === null ? [] : [level])))].sort((a, b) => a - b);
  let level = levels.find((ordinal) => ordinal >= 0) ?? levels[0] ?? null;

  /** @param {ImportItem} item */
  const isHere = (item) => item.level === null || item.level === level;

  function showLevel() {
    const here = drawn.filter(isHere).sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
    map?.setPlaces(here.map(place));
    pinned = found.filter(({ item, place: at }) => at && (!item || isHere(item))).slice(0, MOST_FLAWS);
    map?.setPins(pinned.map(pin));
    fill(switcher, levels.length > 1 && levels.map(levelButton));
    switcher.hidden = levels.length < 2;
  }

  /** @param {number} ordinal */
  function levelButton(ordinal) {
    const name = report.items.find((item) => item.kind === 'level' && item.level === ordinal)?.name;
    return h(
      'button',
      {
        type: 'button',
        class: 'segment',
        'aria-pressed': String(ordinal === level),
        title: name ?? `Level ${ordinal}`,
        'data-testid': `preview-level-${ordinal}`,
        on: {
          click() {
            level = ordinal;
            map?.point(null);
            showLevel();
          },
        },
      },
      name && name.length <= 8 ? name : String(ordinal),
    );
  }

  /** @param {Flaw} flaw */
  function showFlaw({ item, place: at, detail }) {
    if (item && item.level !== null && levels.includes(item.level)) {
      level = item.level;
      showLevel();
    }
    const geometry = item?.geometry && isDrawable(item.geometry) ? item.geometry : null;
    if (geometry) map?.fit([{ geometry }], CLOSEST);
    const spot = at ?? (geometry && firstCorner(geometry));
    if (!spot) return;
    if (!geometry) map?.look(spot, 19);
    map?.point(spot, detail);
    container.scrollIntoView({ block: 'nearest' });
  }

  if (drawn.length > 0) {
    // the map measures its element, which must be on the page by then
    requestAnimationFrame(() => {
      if (!container.isConnected) return;
      const origin = firstCorner(/** @type {GeoJson} */ (drawn[0].geometry));
      map = makeWorldMap(
        container,
        { origin, tiles },
        {
          click({ pin: flaw, place: key, at }) {
            if (flaw) return map?.point(at, pinned[Number(flaw)].detail);
            const item = key && report.items[Number(key)];
            map?.point(
              item ? at : null,
              item ? [itemName(item), ...item.problems.map(({ detail }) => detail)].join(' · ') : '',
            );
          },
        },
      );
      map.fit(
        drawn.map(({ geometry }) => ({ geometry: /** @type {GeoJson} */ (geometry) })),
        CLOSEST,
      );
      showLevel();
    });
  }

  /** @param {ImportItem} item @returns {DrawnPlace} */
  function place(item) {
    const look = item.outcome === 'refused' ? 'bad' : item.problems.length ? 'flawed' : item.kind;
    return {
      key: String(report.items.indexOf(item)),
      geometry: /** @type {GeoJson} */ (item.geometry),
      radius: AMENITY_M,
      className: `preview-${look}`,
    };
  }

  return { node, stop: () => map?.destroy() };
}

/** @param {Flaw} flaw @param {number} i */
const pin = ({ place }, i) => ({
  key: String(i),
  at: /** @type {LonLat} */ (place),
  label: '',
  color: '',
  className: 'pin-flaw',
});

/** @param {Flaw[]} found @param {(flaw: Flaw) => void} onShow */
function flawList(found, onShow) {
  if (!found.length) return h('p', { class: 'all-well' }, icon('check', 18), 'No problems found.');
  const errors = found.filter(({ severity }) => severity === 'error').length;
  const rest = found.length - Math.min(found.length, MOST_FLAWS);
  return h(
    'section',
    { class: 'flaws', 'aria-label': 'Problems' },
    h('h3', null, counted(errors, 'problem'), errors < found.length && `, ${counted(found.length - errors, 'remark')}`),
    h(
      'ul',
      { class: 'flaw-list', 'data-testid': 'import-problems' },
      found.slice(0, MOST_FLAWS).map((flaw) => flawRow(flaw, onShow)),
    ),
    rest > 0 && h('p', { class: 'quiet' }, `and ${rest} more`),
  );
}

/** @param {Flaw} flaw @param {(flaw: Flaw) => void} onShow */
function flawRow(flaw, onShow) {
  const isShown = flaw.place || (flaw.item?.geometry && isDrawable(flaw.item.geometry));
  return h(
    'li',
    { class: `flaw flaw-${flaw.severity}`, 'data-testid': 'import-problem' },
    icon('warning', 18),
    h('div', { class: 'flaw-text' }, h('p', null, flaw.detail), h('p', { class: 'quiet' }, flaw.where)),
    isShown &&
      h(
        'button',
        { type: 'button', class: 'button button-small', 'data-testid': 'show-flaw', on: { click: () => onShow(flaw) } },
        'Show on the map',
      ),
  );
}

/** @param {number} count @param {string} word */
const counted = (count, word) => `${count || 'No'} ${word}${count === 1 ? '' : 's'}`;

/** @param {GeoJson} geometry @returns {LonLat} */
function firstCorner({ coordinates }) {
  let value = coordinates;
  while (Array.isArray(value[0])) value = value[0];
  return value;
}

/**
 * Whether a geometry, which may be the very thing that is wrong, can be drawn at all.
 * @param {GeoJson} geometry
 */
export function isDrawable({ type, coordinates }) {
  const depth = { Point: 0, LineString: 1, MultiLineString: 2, Polygon: 2, MultiPolygon: 3 }[type];
  return depth !== undefined && isDeep(coordinates, depth);
}

/** @param {any} value @param {number} depth @returns {boolean} */
function isDeep(value, depth) {
  if (!Array.isArray(value) || value.length === 0) return false;
  if (depth > 0) return value.every((inner) => isDeep(inner, depth - 1));
  const [lon, lat] = value;
  return Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
}
