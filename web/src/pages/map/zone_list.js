/**
 * The list of zones beside the map: search over all levels, live counts, zoom-to by choosing, show and hide, a menu for
 * each zone, and choosing several to do one thing with all of them.
 */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { zoneKind } from '../../ui/words.js';
import { empty } from '../../ui/widgets.js';
import { selectionBar } from './selection_bar.js';
import { zoneColour } from './venue.js';

/** @import {Zone} from '../../types' */
/** @import {Venue} from './venue.js' */

/** @type {Record<string, string>} */
const STATUS = { draft: 'draft', changed: 'edited, not published' };

/**
 * @typedef {object} ZoneActions
 * @property {(zone: Zone) => void} duplicate
 * @property {(zone: Zone) => void} copy
 * @property {(zones: Zone[], isPublished: boolean) => Promise<void>} publish
 * @property {(zones: Zone[]) => Promise<boolean>} remove
 * @property {(zones: Zone[], tag: string) => Promise<void>} addTag
 */

/**
 * @param {{onOpen: (zone: Zone) => void, onToggle: (id: string) => void, onDraw: () => void, canEdit: boolean, actions: ZoneActions}} options
 */
export function zoneList({ onOpen, onToggle, onDraw, canEdit, actions }) {
  /** @type {Venue | null} */
  let venue = null;
  let level = 0;
  /** @type {Map<string, number | null>} */
  let counts = new Map();
  /** @type {Set<string>} */
  let hidden = new Set();

  const search = h('input', {
    type: 'search',
    placeholder: 'Find a zone',
    'aria-label': 'Find a zone on any level',
    'data-testid': 'zone-search',
    on: { input: show },
  });
  const title = h('h2', null, 'Zones');
  const list = h('ul', { class: 'zone-list', 'data-testid': 'zone-list' });
  const none = h('div', null);
  const selection = selectionBar({ actions, onChange: show, shown: found });
  const node = h(
    'section',
    { class: 'zones', 'aria-label': 'Zones' },
    h('div', { class: 'panel-head' }, title, canEdit && selection.button),
    h('div', { class: 'search' }, icon('search', 18), search),
    selection.bar,
    list,
    none,
  );

  function found() {
    if (!venue) return [];
    const text = search.value.trim().toLowerCase();
    const all = venue.zones();
    if (!text) return all.filter((zone) => venue?.isOn(zone, level));
    return all.filter(({ properties: { name, kind, tags } }) =>
      [name, zoneKind(kind), ...(tags ?? [])].some((word) => word.toLowerCase().includes(text)),
    );
  }

  function show() {
    if (!venue) return;
    const zones = found();
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    fill(
      title,
      search.value.trim()
        ? 'Zones found'
        : `Zones on ${(venue.level(level)?.properties.name ?? 'this level').toLowerCase()}`,
      h('span', { class: 'count' }, String(zones.length)),
    );
    selection.update();
    fill(list, zones.map(row));
    fill(none, zones.length === 0 && nothing());
    if (focused) /** @type {HTMLElement | null} */ (node.querySelector(`[data-key="${focused}"]`))?.focus();
  }

  function nothing() {
    if (search.value.trim())
      return empty('No zone has that name', 'The search looks at names, kinds and tags on all levels.');
    const draw =
      canEdit &&
      h('button', { type: 'button', class: 'button', on: { click: onDraw } }, icon('rectangle', 18), 'Draw a zone');
    return empty(
      'No zones on this level',
      'A zone is an area where something should happen when shoppers walk in.',
      draw,
    );
  }

  /** @param {Zone} zone */
  function row(zone) {
    return h(
      'li',
      { class: `zone-row ${hidden.has(zone.id) ? 'zone-hidden' : ''}`, 'data-zone': zone.id },
      selection.isOn() && selection.box(zone),
      openButton(zone),
      !selection.isOn() && [eye(zone), canEdit && menu(zone)],
    );
  }

  /** @param {Zone} zone */
  function openButton(zone) {
    const { name, kind, status, levels } = zone.properties;
    const elsewhere = venue && !venue.isOn(zone, level);
    const place = elsewhere
      ? ` · ${levels.map((ordinal) => venue?.level(ordinal)?.properties.name ?? ordinal).join(', ')}`
      : '';
    const note = STATUS[status] ? ` · ${STATUS[status]}` : '';
    return h(
      'button',
      {
        type: 'button',
        class: 'zone-open',
        'data-key': `open-${zone.id}`,
        'data-testid': 'zone-row',
        on: { click: () => onOpen(zone) },
      },
      h('span', { class: `swatch swatch-${status}`, style: { '--zone': zoneColour(zone) } }),
      h(
        'span',
        { class: 'zone-text' },
        h('span', { class: 'zone-name' }, name),
        h('span', { class: 'zone-kind' }, zoneKind(kind) + place + note),
      ),
      h(
        'span',
        { class: 'zone-count', 'data-testid': 'zone-count', title: 'People inside now' },
        inside(counts.get(zone.id)),
        h('span', { class: 'visually-hidden' }, ' inside now'),
      ),
    );
  }

  /** @param {Zone} zone */
  function eye({ id, properties: { name } }) {
    const isHidden = hidden.has(id);
    return h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-pressed': String(!isHidden),
        'aria-label': `Show ${name} on the map`,
        'data-key': `eye-${id}`,
        'data-testid': 'zone-eye',
        on: { click: () => onToggle(id) },
      },
      icon(isHidden ? 'eyeOff' : 'eye', 18),
    );
  }

  /** @param {Zone} zone */
  function menu(zone) {
    const { name, status, mall_id } = zone.properties;
    return menuButton({
      label: `More for ${name}`,
      content: icon('more', 18),
      class: 'icon-button row-menu',
      testid: 'zone-menu',
      key: `menu-${zone.id}`,
      items: () => [
        { label: 'Duplicate', icon: 'copy', testid: 'row-duplicate', act: () => actions.duplicate(zone) },
        {
          label: 'Copy to floors…',
          icon: 'levels',
          testid: 'row-copy',
          disabled: !mall_id,
          act: () => actions.copy(zone),
        },
        status === 'published'
          ? { label: 'Unpublish', icon: 'eyeOff', testid: 'row-unpublish', act: () => actions.publish([zone], false) }
          : { label: 'Publish', icon: 'check', testid: 'row-publish', act: () => actions.publish([zone], true) },
        { label: 'Delete', icon: 'trash', tone: 'danger', testid: 'row-delete', act: () => actions.remove([zone]) },
      ],
    });
  }

  return {
    node,
    /** @param {Venue} nextVenue @param {number} nextLevel @param {Set<string>} nextHidden */
    set(nextVenue, nextLevel, nextHidden) {
      [venue, level, hidden] = [nextVenue, nextLevel, nextHidden];
      show();
    },
    /** Only the numbers change, so that focus and scrolling stay. @param {Map<string, number | null>} next */
    setCounts(next) {
      counts = next;
      for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('[data-zone]'))) {
        const place = item.querySelector('.zone-count');
        const text = inside(counts.get(item.dataset.zone ?? ''));
        if (place?.firstChild && place.firstChild.textContent !== text) place.firstChild.textContent = text;
      }
    },
    /** @param {string} id */
    flash(id) {
      const item = list.querySelector(`[data-zone="${id}"]`);
      item?.classList.add('flash');
      window.setTimeout(() => item?.classList.remove('flash'), 1200);
    },
  };
}

/** Small numbers of real people are not told. @param {number | null | undefined} count */
const inside = (count) => (count === null ? '< 10' : String(count ?? 0));
