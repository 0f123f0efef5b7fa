/**
 * A mall made by hand: its name, where it is, and the rectangle of its levels. What is inside is drawn or imported later.
 */
import { ApiError, newKey, post } from '../../api.js';
import { makeWorldMap } from '../../engine/world_map.js';
import { makeFrame, shapeToGeoJson } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { numberIn, textField } from '../../ui/fields.js';
import { explain } from '../../ui/widgets.js';
import { wideDialog } from '../../ui/wide_dialog.js';
import { timeZoneField } from '../imports/venue_import.js';

/** @import {Context, LonLat} from '../../types' */
/** @import {Field} from '../../ui/fields.js' */
/** @import {WorldMap} from '../../engine/world_map.js' */

const START = /** @type {LonLat} */ ([10.5, 51]);
const START_ZOOM = 4;
const CLOSE_ZOOM = 17;
const DECIMALS = 7;
const MOST_LEVELS = 20;
const MOST_M = 5000;

/** @param {Context} context */
export function openNewMall(context) {
  /** @type {WorldMap | null} */
  let map = null;
  const [mallKey, levelKey] = [newKey(), newKey()];
  /** @type {{id: string} | null} made already, when only a level failed */
  let mall = null;
  const dialog = wideDialog('New mall', { testid: 'new-mall', onClose: () => map?.destroy() });
  const name = textField('Name', { maxlength: 120, required: true }, { testid: 'mall-name' });
  const lon = number('Longitude of its middle', '', 'mall-lon');
  const lat = number('Latitude of its middle', '', 'mall-lat');
  const width = number('Width (m)', '120', 'mall-width');
  const depth = number('Depth (m)', '60', 'mall-depth');
  const turn = number('Turned clockwise by (degrees)', '0', 'mall-turn');
  const levels = number('Levels, from the ground up', '1', 'mall-levels');
  const zone = timeZoneField(context.me.tenant.timezone);
  const complaint = h('div', { class: 'form-error', role: 'alert', hidden: true });
  const container = h('div', {
    class: 'map',
    'data-testid': 'new-mall-map',
    role: 'application',
    tabindex: 0,
    'aria-label': 'Map. A click sets the middle of the mall; it may be typed, too.',
  });
  const go = h(
    'button',
    { class: 'button button-primary', form: 'new-mall-form', 'data-testid': 'mall-create' },
    'Create the mall',
  );

  /** @returns {LonLat | null} */
  function middle() {
    const [x, y] = [numberIn(lon.input), numberIn(lat.input)];
    return x !== null && y !== null && Math.abs(x) <= 180 && Math.abs(y) <= 85 ? [x, y] : null;
  }

  function outline() {
    const origin = middle();
    const [w, d, bearing] = [width, depth, turn].map(({ input }) => numberIn(input));
    if (!origin || !(w && w > 0 && w <= MOST_M) || !(d && d > 0 && d <= MOST_M) || bearing === null) return null;
    const frame = makeFrame({ origin, bearing_deg: bearing });
    const corners = /** @type {[number, number][]} */ ([
      [-w / 2, -d / 2],
      [w / 2, -d / 2],
      [w / 2, d / 2],
      [-w / 2, d / 2],
    ]);
    return shapeToGeoJson(frame, { type: 'Polygon', coordinates: [corners] });
  }

  function show() {
    const geometry = outline();
    map?.setPlaces(geometry ? [{ key: null, geometry, className: 'place-draft' }] : []);
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const geometry = outline();
    const count = numberIn(levels.input);
    name.setError(name.input.value.trim() ? null : 'Give it a name.');
    lon.setError(middle() ? null : 'Click the map, or type the degrees of its middle.');
    width.setError(!middle() || geometry ? null : `Width and depth are from 1 to ${MOST_M} metres.`);
    levels.setError(count && count >= 1 && count <= MOST_LEVELS ? null : `From 1 to ${MOST_LEVELS}.`);
    const bad = /** @type {HTMLElement | null} */ (form.querySelector('.field-bad input'));
    if (bad || !geometry || !count) return bad?.focus();
    go.disabled = true;
    try {
      await create(geometry, Math.round(count));
      dialog.close();
      context.navigate(`/map?mall=${mall?.id}`);
    } catch (error) {
      const lines = error instanceof ApiError ? error.errors.map(({ detail }) => h('p', null, detail)) : [];
      fill(complaint, lines.length ? lines : explain(error));
      complaint.hidden = false;
      go.disabled = false;
    }
  }

  /** @param {import('../../types').GeoJson} geometry @param {number} count */
  async function create(geometry, count) {
    const body = {
      name: name.input.value.trim(),
      timezone: zone.input.value.trim(),
      origin: middle(),
      bearing_deg: (numberIn(turn.input) ?? 0) % 360,
    };
    mall ??= await post('/v1/malls', body, { once: mallKey });
    for (let ordinal = 0; ordinal < count; ordinal++) {
      const properties = {
        ordinal,
        name: ordinal === 0 ? 'Ground floor' : `Floor ${ordinal}`,
        short_name: ordinal === 0 ? 'G' : String(ordinal),
      };
      await post(
        `/v1/malls/${mall?.id}/levels`,
        { type: 'Feature', geometry, properties },
        { once: `${levelKey}${ordinal}` },
      );
    }
  }

  const form = h(
    'form',
    { id: 'new-mall-form', class: 'new-mall', novalidate: true, on: { submit, input: show } },
    complaint,
    name.node,
    h('div', { class: 'field-pair' }, lon.node, lat.node),
    h('p', { class: 'field-hint' }, 'Type the degrees, for example from a map service, or click the map.'),
    h('div', { class: 'preview-place' }, container),
    h('div', { class: 'field-pair' }, width.node, depth.node),
    h('div', { class: 'field-pair' }, turn.node, levels.node),
    zone.node,
  );
  fill(dialog.body, form);
  fill(dialog.foot, h('button', { type: 'button', class: 'button', on: { click: dialog.close } }, 'Cancel'), go);
  map = makeWorldMap(
    container,
    { origin: START, tiles: context.me.map?.tiles_url ?? null },
    {
      click({ at }) {
        [lon, lat].forEach(({ input }, i) => (input.value = at[i].toFixed(DECIMALS)));
        show();
      },
    },
  );
  map.look(START, START_ZOOM);
  for (const { input } of [lon, lat]) {
    input.addEventListener('change', () => {
      const at = middle();
      if (at) map?.look(at, CLOSE_ZOOM);
    });
  }
  name.input.focus();
}

/** @param {string} label @param {string} value @param {string} testid @returns {Field} */
const number = (label, value, testid) =>
  textField(label, { type: 'number', step: 'any', inputmode: 'decimal', value }, { testid });
