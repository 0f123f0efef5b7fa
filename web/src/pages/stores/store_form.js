/** A street store made or changed: its name, place and looks. The place may be typed or clicked on the map. */
import { ApiError, call, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { numberIn, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { timeZoneField } from '../imports/venue_import.js';

/** @import {LonLat, Owner, Store} from '../../types' */

const BRAND = '#3b5b92';
const DECIMALS = 7;
/** Where a complaint about `#/properties/<key>` or `#/geometry/coordinates/<0 or 1>` is shown. */
const POINTER = /^#?\/(?:properties|geometry)\/(\w+)(?:\/(\d))?/;

/**
 * @param {{store: Store | null, at: LonLat | null, owners: Owner[], timezone: string, onPlace: (at: LonLat | null) => void,
 *   onDone: (store: Store) => void, onCancel: () => void}} options `onPlace` hears where the store would be
 */
export function storeForm({ store, at, owners, timezone, onPlace, onDone, onCancel }) {
  const old = store?.properties;
  const key = newKey();
  const name = textField('Name', { value: old?.name ?? '', maxlength: 120, required: true }, { testid: 'store-name' });
  const address = textField('Address', { value: old?.address ?? '', maxlength: 500 }, { testid: 'store-address' });
  const category = textField(
    'Category',
    { value: old?.category ?? '', maxlength: 60, placeholder: 'bakery' },
    { testid: 'store-category' },
  );
  const color = textField('Colour', { type: 'color', value: old?.brand_color ?? BRAND }, { testid: 'store-color' });
  const lon = degreesField('Longitude', at?.[0], 'store-lon', 180);
  const lat = degreesField('Latitude', at?.[1], 'store-lat', 90);
  const owner = selectField(
    'Owner',
    [['', 'Nobody else'], ...owners.map(({ id, name: words }) => /** @type {[string, string]} */ ([id, words]))],
    old?.owner_id ?? '',
    { testid: 'store-owner' },
  );
  const zone = timeZoneField(old?.timezone ?? timezone);
  const complaint = h('div', { class: 'form-error', role: 'alert', hidden: true });
  const save = h('button', { class: 'button button-primary', 'data-testid': 'store-save' }, 'Save');
  for (const { input } of [lon, lat]) input.addEventListener('input', () => onPlace(place()));

  /** @returns {LonLat | null} */
  function place() {
    const [x, y] = [numberIn(lon.input), numberIn(lat.input)];
    return x !== null && y !== null && Math.abs(x) <= 180 && Math.abs(y) <= 90 ? [x, y] : null;
  }

  function body() {
    return {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: place() },
      properties: {
        name: name.input.value.trim(),
        address: address.input.value.trim() || null,
        category: category.input.value.trim() || null,
        brand_color: color.input.value,
        owner_id: owner.input.value || null,
        timezone: zone.input.value.trim() || null,
      },
    };
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    complain(null);
    if (!name.input.value.trim()) name.setError('Give it a name.');
    if (!place()) lon.setError('Click the place on the map, or type its degrees.');
    if (!name.input.value.trim() || !place()) return focusBad();
    save.disabled = true;
    try {
      onDone(store ? await patch(store) : (await call('POST', '/v1/stores', { body: body(), once: key })).data);
    } catch (error) {
      complain(error);
      focusBad();
    }
    save.disabled = false;
  }

  /** A footprint stays: only the point of a store without one is moved. @param {Store} old */
  async function patch(old) {
    const { etag } = await call('GET', `/v1/stores/${old.id}`);
    const { geometry, properties, type } = body();
    const moved =
      old.geometry.type === 'Point' ? { geometry, properties } : { properties: { ...properties, point: place() } };
    return (await call('PATCH', `/v1/stores/${old.id}`, { body: { type, ...moved }, etag })).data;
  }

  /** @param {unknown} error */
  function complain(error) {
    /** @type {Record<string, {setError: (text: string | null) => void}>} */
    const fields = {
      name,
      address,
      category,
      brand_color: color,
      owner_id: owner,
      timezone: zone,
      coordinates: lon,
      coordinates0: lon,
      coordinates1: lat,
    };
    for (const field of Object.values(fields)) field.setError(null);
    const errors = error instanceof ApiError ? error.errors : [];
    const rest = errors.filter(({ pointer = '', detail }) => {
      const [, key = '', index = ''] = POINTER.exec(pointer) ?? [];
      const field = fields[key + index] ?? fields[key];
      field?.setError(detail);
      return !field;
    });
    complaint.hidden = error === null || (errors.length > 0 && rest.length === 0);
    fill(complaint, rest.length ? rest.map(({ detail }) => h('p', null, detail)) : error !== null && explain(error));
  }

  function focusBad() {
    /** @type {HTMLElement | null} */ (node.querySelector('.field-bad input, .field-bad select'))?.focus();
  }

  const node = h(
    'form',
    { class: 'store-form', novalidate: true, 'data-testid': 'store-form', on: { submit } },
    complaint,
    name.node,
    h('div', { class: 'field-pair' }, lon.node, lat.node),
    h('p', { class: 'field-hint' }, icon('pin', 16), ' Click the map to set the place.'),
    address.node,
    h('div', { class: 'field-pair' }, category.node, color.node),
    owners.length > 0 && owner.node,
    zone.node,
    h(
      'div',
      { class: 'foot-buttons' },
      h('button', { type: 'button', class: 'button', on: { click: onCancel } }, 'Cancel'),
      save,
    ),
  );

  return {
    node,
    focus: () => name.input.focus(),
    /** The map was clicked. @param {LonLat} next */
    setPlace(next) {
      lon.input.value = next[0].toFixed(DECIMALS);
      lat.input.value = next[1].toFixed(DECIMALS);
      lon.setError(null);
      onPlace(place());
    },
  };
}

/** @param {string} label @param {number | undefined} value @param {string} testid @param {number} most */
const degreesField = (label, value, testid, most) =>
  textField(
    label,
    { type: 'number', step: 'any', min: -most, max: most, inputmode: 'decimal', value: value ?? '' },
    { testid },
  );
