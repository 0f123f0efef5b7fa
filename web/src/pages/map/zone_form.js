/**
 * The form of one zone: reads a zone's properties into fields and back, and puts the server's complaints where they belong.
 * It saves nothing; the editing controller does.
 */
import { area, perimeter } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, checkField, chips, selectField, textField } from '../../ui/fields.js';
import { fromLocalField, round1, toLocalField } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { SENSITIVITIES, ZONE_KINDS } from '../../ui/words.js';
import { hoursRows } from './hours_rows.js';
import { metadataRows } from './metadata_rows.js';
import { hasRules, rulesFields } from './rules_fields.js';

/** @import {Shape, Zone, ZoneProps} from '../../types' */
/** @import {Venue} from './venue.js' */
/** @typedef {Partial<ZoneProps>} Values */

/** A push that greets who enters, made together with the zone. @typedef {{on: boolean, title: string, body: string}} Welcome */
export const WELCOME = {
  title: 'Welcome to {{ zone.name }}',
  body: 'Hi {{ first_name }}, good to have you here at {{ mall.name }}.',
};

/** Where a complaint about `#/properties/<key>…` is shown. */
const POINTER = /^#?\/(?:properties\/)?([a-z_]+)(?:\/([a-z_]+))?/;

/**
 * @param {{values: Values, zone: Zone | null, venue: Venue, welcome: Welcome | null, canEdit: boolean, onChange: () => void,
 *   onUseStore: (storeId: string) => void}} options `welcome` null: no welcome push is offered
 */
export function zoneForm({ values, zone, venue, welcome, canEdit, onChange, onUseStore }) {
  const rules = values.rules ?? {};
  const schedule = values.schedule ?? {};
  const outdoor = values.mall_id === null;

  const name = textField('Name', { value: values.name ?? '', maxlength: 120, required: true }, { testid: 'zone-name' });
  const kind = selectField('Kind', Object.entries(ZONE_KINDS), values.kind ?? 'corridor', { testid: 'zone-kind' });
  const levels = chips(
    'Levels',
    venue.levels.map(({ properties }) => [String(properties.ordinal), properties.name]),
    (values.levels ?? []).map(String),
    { testid: 'zone-levels' },
  );
  const store = selectField('Shop', storeChoices(venue), values.store_id ?? '', {
    testid: 'zone-store',
    hint: 'Pushes of this shop may use the zone.',
  });
  const outline = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'data-testid': 'use-outline',
      on: { click: () => onUseStore(store.input.value) },
    },
    icon('store', 16),
    'Use the shop’s outline',
  );
  const color = colourField(values.color ?? '#0f766e');
  const inside = rulesFields(rules, outdoor);
  const from = textField(
    'Valid from',
    { type: 'datetime-local', value: toLocalField(schedule.valid_from) },
    { testid: 'zone-from' },
  );
  const to = textField(
    'Valid to',
    { type: 'datetime-local', value: toLocalField(schedule.valid_to) },
    { testid: 'zone-to' },
  );
  const hours = hoursRows(schedule.hours ?? [], onChange);
  const tags = textField(
    'Tags',
    { value: (values.tags ?? []).join(', ') },
    { testid: 'zone-tags', hint: 'Separate with commas.' },
  );
  const sensitivity = selectField('Sensitive place', Object.entries(SENSITIVITIES), values.sensitivity ?? 'none', {
    testid: 'zone-sensitivity',
    hint: 'Sensitive zones are only counted, never tied to a person.',
  });
  const externalId = textField(
    'External id',
    { value: values.external_id ?? '', maxlength: 200 },
    { testid: 'zone-external-id', hint: 'Your own id of it, unique among your zones.' },
  );
  const metadata = metadataRows(values.metadata ?? {}, onChange);
  const hello = checkField('Greet shoppers who enter with a push', welcome?.on ?? false, { testid: 'zone-welcome' });
  const helloTitle = textField(
    'Push title',
    { value: welcome?.title ?? '', maxlength: 120 },
    { testid: 'welcome-title' },
  );
  const helloBody = areaField(
    'Push text',
    { value: welcome?.body ?? '', rows: 3, maxlength: 400 },
    { testid: 'welcome-body', hint: 'At most one a day for each person.' },
  );
  const helloFields = h('div', { class: 'nested', hidden: !hello.box.checked }, helloTitle.node, helloBody.node);
  hello.box.addEventListener('change', () => (helloFields.hidden = !hello.box.checked));
  const facts = h('p', { class: 'facts', 'data-testid': 'zone-facts' });
  const complaint = h('div', { class: 'form-error', role: 'alert', 'data-testid': 'form-error', hidden: true });

  const node = h(
    'form',
    { class: 'zone-form', 'data-testid': 'zone-form', novalidate: true, on: { input: onChange, change: onChange } },
    h(
      'fieldset',
      { class: 'bare', disabled: !canEdit },
      complaint,
      name.node,
      h('div', { class: 'field-pair' }, kind.node, color.node),
      outdoor ? h('p', { class: 'field-hint' }, 'Outdoor zone: it belongs to no level.') : levels.node,
      welcome !== null && h('div', { class: 'hello' }, hello.node, helloFields),
      h('details', { open: Boolean(values.store_id) }, h('summary', null, 'Shop'), store.node, outline),
      h('details', { open: hasRules(rules) }, h('summary', null, 'Entering and staying'), inside.nodes),
      h(
        'details',
        { open: Boolean(schedule.valid_from || schedule.valid_to || schedule.hours?.length) },
        h('summary', null, 'Schedule'),
        from.node,
        to.node,
        hours.node,
      ),
      h(
        'details',
        { open: Boolean(values.tags?.length || (values.sensitivity ?? 'none') !== 'none') },
        h('summary', null, 'Tags and privacy'),
        tags.node,
        sensitivity.node,
      ),
      h(
        'details',
        { open: Boolean(values.external_id || Object.keys(values.metadata ?? {}).length) },
        h('summary', null, 'Your own data'),
        externalId.node,
        metadata.node,
      ),
    ),
    facts,
  );

  /** @type {Record<string, {setError: (text: string | null) => void}>} */
  const targets = {
    name,
    kind,
    levels,
    store_id: store,
    color,
    ...inside.targets,
    external_id: externalId,
    metadata,
    valid_from: from,
    valid_to: to,
    hours,
    tags,
    sensitivity,
  };

  return {
    node,
    focusName() {
      /** @type {HTMLInputElement} */ (name.input).select();
      name.input.focus();
    },
    /** The name the fields hold now, for what is shown outside the form. */
    name: () => name.input.value.trim(),
    color: () => color.value(),
    /** @returns {Values} */
    read() {
      return {
        name: name.input.value.trim(),
        kind: kind.input.value,
        mall_id: values.mall_id ?? null,
        levels: outdoor ? [] : levels.values().map(Number),
        store_id: store.input.value || null,
        color: color.value(),
        tags: list(tags.input.value),
        sensitivity: sensitivity.input.value,
        rules: inside.read(),
        external_id: externalId.input.value.trim() || null,
        metadata: metadata.read(),
        schedule: {
          valid_from: fromLocalField(from.input.value),
          valid_to: fromLocalField(to.input.value),
          hours: hours.read(),
        },
      };
    },
    /** @param {string} value one of SENSITIVITIES */
    setSensitivity(value) {
      sensitivity.input.value = value;
      sensitivity.node.closest('details')?.setAttribute('open', '');
      onChange();
    },
    /** @returns {Welcome | null} */
    welcome: () => welcome && { on: hello.box.checked, title: helloTitle.input.value, body: helloBody.input.value },
    /** @param {Shape | null} shape */
    setShape(shape) {
      const size = shape
        ? `${round1(area(shape))} m², outline ${round1(perimeter(shape))} m`
        : 'No shape yet: draw it on the map.';
      const version = zone ? ` · version ${zone.properties.version}` : '';
      fill(facts, size + version);
    },
    /** @param {string | null} text what is wrong as a whole @param {{pointer?: string, detail: string}[]} [errors] */
    setErrors(text, errors = []) {
      for (const target of Object.values(targets)) target.setError(null);
      const rest = errors.filter(({ pointer = '', detail }) => {
        const [, outer, inner] = POINTER.exec(pointer) ?? [];
        const target = targets[inner] ?? targets[outer];
        target?.setError(detail);
        return !target;
      });
      const lines = rest.length ? rest.map(({ detail }) => detail) : errors.length ? [] : [text].filter(Boolean);
      fill(
        complaint,
        lines.map((line) => h('p', null, line)),
      );
      complaint.hidden = lines.length === 0;
      node.querySelector('.field-bad')?.closest('details')?.setAttribute('open', '');
      /** @type {HTMLElement | null} */ (
        node.querySelector('.field-bad input, .field-bad select, .field-bad textarea')
      )?.focus();
    },
  };
}

/** @param {string} text */
const list = (text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

/** @param {Venue} venue @returns {[string, string][]} */
function storeChoices(venue) {
  const names = [...venue.stores].sort((a, b) => a.properties.name.localeCompare(b.properties.name));
  return [
    ['', 'No shop'],
    ...names.map((store) => /** @type {[string, string]} */ ([store.id, store.properties.name])),
  ];
}

/** @param {string} value */
function colourField(value) {
  const made = textField('Colour', { type: 'color', value }, { testid: 'zone-color' });
  return { ...made, value: () => made.input.value };
}
