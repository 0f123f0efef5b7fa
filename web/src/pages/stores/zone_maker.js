/**
 * "Zone around it: 150 m": a catchment or delivery area of a store, as a circle or drawn by hand, saved as a draft or
 * published at once. What it would be is shown on the map while it is chosen.
 */
import { ApiError, call, newKey, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { numberIn, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { zoneKind } from '../../ui/words.js';
import { placeOf, sizeText } from './city.js';

/** @import {GeoJson, Store, Zone} from '../../types' */

const RADIUS_M = 150;
const MOST_M = 50_000;
/** @type {[string, string][]} */
const KINDS = ['catchment', 'delivery_area', 'other'].map((kind) => [kind, zoneKind(kind)]);

/**
 * @param {{store: Store, onShape: (shape: {geometry: GeoJson, radius: number | null} | null) => void, onDraw: () => void,
 *   onDone: (zone: Zone) => void}} options `onShape` hears what the zone would be, `onDraw` that it is to be drawn by hand
 */
export function zoneMaker({ store, onShape, onDraw, onDone }) {
  /** @type {GeoJson | null} drawn by hand */
  let drawn = null;
  let key = newKey();
  const radius = textField(
    'Zone around it (m)',
    { type: 'number', min: 1, max: MOST_M, step: 'any', inputmode: 'decimal', value: RADIUS_M },
    { testid: 'zone-radius' },
  );
  const kind = selectField('Kind', KINDS, 'catchment', { testid: 'maker-kind' });
  const name = textField('Name', { value: suggested(), maxlength: 120 }, { testid: 'maker-name' });
  const size = h('p', { class: 'facts', 'data-testid': 'maker-size' });
  const complaint = h('div', { class: 'form-error', role: 'alert', hidden: true });
  const draw = h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': 'maker-draw', on: { click: onDraw } },
    icon('polygon', 16),
    h('span', null, 'Draw it by hand'),
  );
  const circle = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'data-testid': 'maker-circle',
      hidden: true,
      on: { click: () => setDrawn(null) },
    },
    icon('circle', 16),
    'A circle instead',
  );
  const save = h('button', { class: 'button', 'data-testid': 'maker-save' }, 'Save as draft');
  const publish = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': 'maker-publish', on: { click: () => make(true) } },
    'Save and publish',
  );
  let lastSuggested = name.input.value;
  radius.input.addEventListener('input', show);
  kind.input.addEventListener('change', () => {
    if (name.input.value === lastSuggested) name.input.value = suggested();
    lastSuggested = suggested();
  });

  function suggested() {
    return `${zoneKind(kind?.input.value ?? 'catchment')} of ${store.properties.name}`.slice(0, 120);
  }

  function shape() {
    if (drawn) return { geometry: drawn, radius: null };
    const metres = numberIn(radius.input);
    if (metres === null || !(metres >= 1 && metres <= MOST_M)) return null;
    return { geometry: { type: 'Point', coordinates: placeOf(store) }, radius: metres };
  }

  function show() {
    const now = shape();
    radius.setError(now ? null : `From 1 to ${MOST_M} metres.`);
    fill(size, now && sizeText(now));
    save.disabled = publish.disabled = now === null;
    radius.node.hidden = drawn !== null;
    circle.hidden = drawn === null;
    fill(/** @type {Element} */ (draw.lastElementChild), drawn ? 'Draw it again' : 'Draw it by hand');
    onShape(now);
  }

  /** @param {GeoJson | null} geometry */
  function setDrawn(geometry) {
    drawn = geometry;
    show();
  }

  /** @param {boolean} isPublished */
  async function make(isPublished) {
    const now = shape();
    if (!now) return;
    complaint.hidden = true;
    save.disabled = publish.disabled = true;
    const properties = {
      name: name.input.value.trim() || suggested(),
      kind: kind.input.value,
      store_id: store.id,
      levels: [],
      color: store.properties.brand_color,
      ...(now.radius && { radius_m: now.radius }),
    };
    try {
      const body = { type: 'Feature', geometry: now.geometry, properties };
      const { data } = await call('POST', '/v1/zones', { body, once: key });
      const zone = isPublished ? await post(`/v1/zones/${data.id}/publish`) : data;
      onDone(zone?.properties ? zone : data);
    } catch (error) {
      // a refused body may be corrected and sent again, and is another one then
      key = newKey();
      const lines = error instanceof ApiError ? error.errors.map(({ detail }) => h('p', null, detail)) : [];
      fill(complaint, lines.length ? lines : explain(error));
      complaint.hidden = false;
      save.disabled = publish.disabled = false;
    }
  }

  const node = h(
    'form',
    {
      class: 'zone-maker',
      novalidate: true,
      'data-testid': 'zone-maker',
      on: {
        submit(/** @type {SubmitEvent} */ event) {
          event.preventDefault();
          make(false);
        },
      },
    },
    complaint,
    h('div', { class: 'field-pair' }, radius.node, kind.node),
    name.node,
    h('div', { class: 'tool-row' }, draw, circle),
    size,
    h('div', { class: 'foot-buttons' }, save, publish),
  );

  return {
    node,
    show,
    /** The map says what was drawn. @param {GeoJson} geometry */
    setDrawn,
    isDrawn: () => drawn !== null,
  };
}
