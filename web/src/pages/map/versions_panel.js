/**
 * The edits of a zone, newest first: who, when, since when in force. Pointing at one outlines its shape on the map beside
 * the present one; any can be restored, which makes a further version and so can be taken back the same way.
 */
import { get } from '../../api.js';
import { area } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { moment, round1 } from '../../ui/format.js';
import { explain, loading } from '../../ui/widgets.js';

/** @import {Context, Shape, Zone, ZoneVersion} from '../../types' */
/** @import {Venue} from './venue.js' */

const PAGE = 20;

/**
 * @param {{context: Context, canEdit: boolean, venue: () => Venue, onGhost: (shape: Shape | null) => void,
 *   onRestore: (version: number) => void}} options
 */
export function versionsPanel({ context, canEdit, venue, onGhost, onRestore }) {
  /** @type {Zone | null} */
  let zone = null;
  /** @type {ZoneVersion[]} */
  let versions = [];
  /** @type {string | null} */
  let following = null;
  /** The version whose outline stays; pointing at another shows that one for as long. @type {number | null} */
  let pinned = null;
  /** @type {Map<string, string> | null} names of operators, once they are known */
  let people = null;
  const list = h('ol', { class: 'versions', reversed: true, 'data-testid': 'versions' });
  const rest = h('div', null);
  const node = h(
    'details',
    { class: 'section', 'data-testid': 'versions-panel', hidden: true, on: { toggle: onToggle } },
    h('summary', null, 'Versions'),
    list,
    rest,
  );

  function onToggle() {
    if (!node.open) pin(null);
    else if (zone && !versions.length) load();
  }

  /** @param {string | null} [cursor] */
  async function load(cursor = null) {
    const asked = zone;
    if (!asked) return;
    fill(rest, loading('Loading…'));
    try {
      const [page] = await Promise.all([get(`/v1/zones/${asked.id}/versions`, { limit: PAGE, cursor }), loadPeople()]);
      if (zone !== asked) return;
      versions = [...versions, ...page.items];
      following = page.next;
      show();
    } catch (error) {
      if (zone === asked) fill(rest, h('p', { class: 'field-error', role: 'alert' }, explain(error)));
    }
  }

  /** Only owners may read who else there is. */
  async function loadPeople() {
    if (people || context.me.operator.role !== 'owner') return;
    const { items } = await get('/v1/operators', { limit: 500 });
    people = new Map(items.map((/** @type {any} */ item) => [item.id, item.name]));
  }

  function show() {
    fill(list, versions.map(row));
    const more = { type: 'button', class: 'button button-small', on: { click: () => load(following) } };
    fill(rest, following && h('button', more, 'Show older'));
  }

  /** @param {string | null} by */
  function author(by) {
    const [kind, id] = (by ?? '').split(':');
    if (id === context.me.operator.id) return 'you';
    if (kind === 'operator') return people?.get(id) ?? 'another operator';
    return kind ? 'the API' : 'the system';
  }

  /** @param {ZoneVersion} edit */
  function row(edit) {
    const { version, name, created_at, created_by } = edit.properties;
    const shape = venue().shapeOf(edit);
    const isNow = version === zone?.properties.version;
    const enter = () => onGhost(shape);
    const leave = () => showPinned();
    return h(
      'li',
      {
        'data-testid': `version-${version}`,
        on: { mouseenter: enter, mouseleave: leave, focusin: enter, focusout: leave },
      },
      h('p', null, h('b', null, `Version ${version}`), isNow ? ' · as it is now' : '', ` · ${name}`),
      h('p', { class: 'field-hint' }, `${moment(created_at)} by ${author(created_by)} · ${round1(area(shape))} m²`),
      h('p', { class: 'field-hint' }, inForce(edit)),
      !isNow &&
        h(
          'div',
          { class: 'tool-row' },
          button(
            version,
            'show',
            'Outline on the map',
            () => pin(pinned === version ? null : version),
            pinned === version,
          ),
          canEdit && button(version, 'restore', 'Restore this version', () => onRestore(version)),
        ),
    );
  }

  /** @param {number} version @param {string} what @param {string} words @param {() => void} click @param {boolean} [pressed] */
  const button = (version, what, words, click, pressed) =>
    h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-pressed': pressed === undefined ? null : String(pressed),
        'aria-label': `${words}: version ${version}`,
        'data-testid': `version-${what}-${version}`,
        on: { click },
      },
      words,
    );

  /** @param {number | null} version */
  function pin(version) {
    pinned = version;
    for (const { properties } of versions) {
      const shown = list.querySelector(`[data-testid="version-show-${properties.version}"]`);
      shown?.setAttribute('aria-pressed', String(properties.version === pinned));
    }
    showPinned();
    if (version) context.announce(`Version ${version} is outlined on the map.`);
  }

  function showPinned() {
    const edit = versions.find(({ properties }) => properties.version === pinned);
    onGhost(edit ? venue().shapeOf(edit) : null);
  }

  return {
    node,
    /** The zone as it is now; null when it is closed. @param {Zone | null} next */
    show(next) {
      if (next?.id !== zone?.id) node.open = false;
      zone = next;
      versions = [];
      pinned = null;
      node.hidden = !next;
      fill(list);
      fill(rest);
      onGhost(null);
      if (next && node.open) load();
    },
  };
}

/** @param {ZoneVersion} edit */
function inForce({ properties: { effective_from: from, effective_to: to } }) {
  if (!from) return 'Never in force';
  return to ? `In force from ${moment(from)} to ${moment(to)}` : `In force since ${moment(from)}`;
}
