/** One evidence point being made or changed: kind, name, what it is known by, how far it reaches, where it is. Knows no map. */
import { ApiError } from '../../api.js';
import { round } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { numberIn, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import {
  bssidFlaw,
  bssidText,
  EVIDENCE,
  halfFlaw,
  KINDS,
  RADIUS_M,
  readBeacon,
  reachText,
  uuidFlaw,
  uuidText,
} from './evidence_words.js';

/** @import {EvidenceKind, EvidencePoint, XY} from '../../types' */
/** @import {Field} from '../../ui/fields.js' */
/** @import {Venue} from './venue.js' */

/** Decimals of metres: a centimetre. */
const CM = 2;
const SIZES = [
  ['a4', 'A4'],
  ['a5', 'A5'],
  ['letter', 'Letter'],
];
/** @type {Record<EvidenceKind, string>} */
const EXAMPLES = { beacon: 'Door, ground floor', access_point: 'Ceiling by the escalator', check_in: 'Counter' };

/**
 * @param {{point: EvidencePoint | null, preset: {kind?: EvidenceKind, at?: XY | null, store_id?: string | null, name?: string},
 *   venue: Venue, level: number, storeAt: (at: XY) => string | null, onChange: () => void, onSubmit: () => void}} options
 */
export function evidenceForm({ point, preset, venue, level, storeAt, onChange, onSubmit }) {
  const old = point?.properties;
  let kind = old?.kind ?? preset.kind ?? 'beacon';
  let ownStore = Boolean(old || preset.store_id);

  const name = textField(
    'Name',
    { value: old?.name ?? preset.name ?? '', maxlength: 200 },
    { testid: 'evidence-name' },
  );
  const uuid = textField(
    'UUID',
    { value: uuidText(old?.uuid), spellcheck: 'false', class: 'mono', maxlength: 400 },
    { testid: 'evidence-uuid', hint: 'Paste it; a whole “uuid, major, minor” fills all three.' },
  );
  const [major, minor] = [
    ['Major', old?.major, 'evidence-major'],
    ['Minor', old?.minor, 'evidence-minor'],
  ].map(([label, value, testid]) =>
    textField(
      String(label),
      { inputmode: 'numeric', value: value === null || value === undefined ? '' : String(value), maxlength: 6 },
      { testid: String(testid) },
    ),
  );
  const bssid = textField(
    'BSSID',
    { value: old?.bssid ?? '', spellcheck: 'false', class: 'mono', maxlength: 40, placeholder: 'aa:bb:cc:dd:ee:ff' },
    { testid: 'evidence-bssid', hint: 'The address of this radio, from the access point’s label or its controller.' },
  );
  const radius = textField(
    'Reaches at most (m)',
    {
      type: 'number',
      min: RADIUS_M.min,
      max: RADIUS_M.max,
      step: 0.5,
      value: old?.radius_m ?? EVIDENCE[kind].radius ?? '',
    },
    { testid: 'evidence-radius' },
  );
  const rssi = textField(
    'Signal at 1 m (dBm)',
    { type: 'number', min: -120, max: 20, step: 1, value: old?.rssi_at_1m ?? '', placeholder: 'as usual' },
    { testid: 'evidence-rssi' },
  );
  const place = venue.levels.map(
    ({ properties }) => /** @type {[string, string]} */ ([String(properties.ordinal), properties.name]),
  );
  const floor = selectField('Level', place, String(old?.level ?? level), { testid: 'evidence-level' });
  const shops = [...venue.stores].sort((a, b) => a.properties.name.localeCompare(b.properties.name));
  const store = selectField(
    'Shop',
    [['', 'None'], ...shops.map((item) => /** @type {[string, string]} */ ([item.id, item.properties.name]))],
    old ? (old.store_id ?? '') : (preset.store_id ?? ''),
    { testid: 'evidence-store' },
  );
  const start = point ? venue.frame.toFrame(point.geometry.coordinates) : (preset.at ?? null);
  const [x, y] = ['x', 'y'].map((axis, i) =>
    textField(
      `Metres ${axis}`,
      { type: 'number', step: 'any', inputmode: 'decimal', value: start ? round(start[i], CM) : '' },
      { testid: `evidence-${axis}` },
    ),
  );
  const placeError = h('p', { class: 'field-error', role: 'alert', 'data-testid': 'evidence-place-error' });
  const complaint = h('div', { class: 'form-error', role: 'alert', hidden: true, 'data-testid': 'evidence-error' });
  const about = h('p', { class: 'quiet' });
  const beaconPart = h(
    'div',
    { class: 'evidence-part' },
    uuid.node,
    h('div', { class: 'field-pair' }, major.node, minor.node),
  );
  const wifiPart = h('div', { class: 'evidence-part' }, bssid.node);
  const reachPart = h('div', { class: 'field-pair' }, radius.node, rssi.node);
  const kinds = KINDS.map((key) =>
    h(
      'label',
      { class: 'evidence-kind' },
      h('input', {
        type: 'radio',
        name: 'evidence-kind',
        value: key,
        checked: key === kind,
        'data-testid': `evidence-kind-${key}`,
        on: { change: () => setKind(key) },
      }),
      h('span', null, icon(EVIDENCE[key].icon, 18), EVIDENCE[key].name),
    ),
  );

  /** @param {EvidenceKind} next */
  function setKind(next) {
    kind = next;
    radius.input.value = String(EVIDENCE[kind].radius ?? '');
    show();
    onChange();
  }

  function show() {
    beaconPart.hidden = kind !== 'beacon';
    wifiPart.hidden = kind !== 'access_point';
    reachPart.hidden = kind === 'check_in';
    fill(about, EVIDENCE[kind].about);
    name.input.setAttribute('placeholder', EXAMPLES[kind]);
  }

  // ---- what is wrong with it, as one types

  /** @type {[Field, (text: string, isDone: boolean) => string | null, EvidenceKind | null][]} field, judge, of which kind */
  const judged = [
    [name, (text, isDone) => (isDone && !text.trim() ? 'Give it a name by which people find it.' : null), null],
    [uuid, uuidFlaw, 'beacon'],
    [major, halfFlaw, 'beacon'],
    [minor, halfFlaw, 'beacon'],
    [bssid, bssidFlaw, 'access_point'],
    [radius, radiusFlaw, null],
  ];
  for (const [field, judge] of judged) {
    field.input.addEventListener('input', () => field.setError(judge(field.input.value, false)));
    field.input.addEventListener('change', () => field.setError(judge(field.input.value, true)));
  }
  uuid.input.addEventListener('paste', (event) => {
    const found = readBeacon(/** @type {ClipboardEvent} */ (event).clipboardData?.getData('text') ?? '');
    if (!found) return;
    event.preventDefault();
    for (const [field, value] of /** @type {[Field, string | number][]} */ ([
      [uuid, found.uuid],
      [major, found.major],
      [minor, found.minor],
    ])) {
      field.input.value = String(value);
      field.setError(null);
    }
    onChange();
  });
  uuid.input.addEventListener('change', () => {
    if (!uuidFlaw(uuid.input.value, true)) uuid.input.value = uuidText(uuid.input.value.trim());
  });
  bssid.input.addEventListener('input', () => {
    const input = /** @type {HTMLInputElement} */ (bssid.input);
    // in the midst of it the cursor would jump
    if (input.selectionStart === input.value.length) input.value = bssidText(input.value);
  });

  /** @param {string} text @param {boolean} isDone */
  function radiusFlaw(text, isDone) {
    if (kind === 'check_in' || (!text && !isDone)) return null;
    const metres = Number(text);
    const isFine = text && metres >= RADIUS_M.min && metres <= RADIUS_M.max;
    return isFine ? null : `From ${RADIUS_M.min} to ${RADIUS_M.max} m.`;
  }

  /** @returns {boolean} whether it can be sent */
  function judgeAll() {
    for (const [field, judge, of] of judged)
      field.setError(of === null || of === kind ? judge(field.input.value, true) : null);
    fill(placeError, at() ? null : 'Click the map where it is, or type its metres.');
    return at() !== null && !node.querySelector('.field-bad');
  }

  // ---- values

  /** @returns {XY | null} */
  function at() {
    const [a, b] = [numberIn(x.input), numberIn(y.input)];
    return a === null || b === null || !Number.isFinite(a + b) ? null : [a, b];
  }

  /** @param {XY} next */
  function setPlace(next) {
    x.input.value = String(round(next[0], CM));
    y.input.value = String(round(next[1], CM));
    fill(placeError);
    // the shop around it, until somebody says another
    if (!ownStore) store.input.value = storeAt(next) ?? '';
    onChange();
  }

  /** The GeoJSON Feature to send. */
  function body() {
    const known = {
      beacon: {
        uuid: uuid.input.value.trim(),
        major: numberIn(major.input),
        minor: numberIn(minor.input),
      },
      access_point: { bssid: bssid.input.value.trim() },
      check_in: {},
    }[kind];
    const heard = kind === 'check_in' ? {} : { radius_m: numberIn(radius.input), rssi_at_1m: numberIn(rssi.input) };
    const place = at();
    return {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: place && venue.frame.toWorld(place) },
      properties: {
        ...(!point && { kind }),
        name: name.input.value.trim(),
        mall_id: venue.mall.id,
        level: Number(floor.input.value),
        store_id: store.input.value || null,
        ...known,
        ...heard,
      },
    };
  }

  /** @type {[RegExp, Field][]} */
  const targets = [
    [/\/name$/, name],
    [/\/uuid$/, uuid],
    [/\/major$/, major],
    [/\/minor$/, minor],
    [/\/bssid$/, bssid],
    [/\/radius_m$/, radius],
    [/\/rssi_at_1m$/, rssi],
    [/\/(level|mall_id)$/, floor],
    [/\/store_id$/, store],
  ];

  /** What the server complains of, at the field it is about. @param {unknown} error */
  function showError(error) {
    complaint.hidden = true;
    const errors = error instanceof ApiError ? error.errors : [];
    const rest = errors.filter(({ pointer = '', detail }) => {
      const found = targets.find(([path]) => path.test(pointer));
      if (found) found[1].setError(detail);
      else if (pointer.includes('geometry')) fill(placeError, detail);
      else return true;
      return false;
    });
    const taken = error instanceof ApiError && error.status === 409 && kind !== 'check_in';
    if (taken) (kind === 'beacon' ? uuid : bssid).setError(explain(error));
    else if (rest.length || !errors.length) {
      fill(complaint, rest.map(({ detail }) => detail).join(' · ') || explain(error));
      complaint.hidden = false;
    }
    focusBad();
  }

  function focusBad() {
    const bad = node.querySelector('.field-bad input, .field-bad select');
    // the place is no field of its own
    if (!bad && placeError.textContent) placeError.scrollIntoView({ block: 'center' });
    /** @type {HTMLElement | null} */ (bad ?? (placeError.textContent ? x.input : null))?.focus();
  }

  const node = h(
    'form',
    {
      class: 'evidence-form',
      novalidate: true,
      'data-testid': 'evidence-form',
      on: {
        input: (/** @type {Event} */ event) => {
          if (event.target === store.input) ownStore = true;
          onChange();
        },
        change: onChange,
        submit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          onSubmit();
        },
      },
    },
    complaint,
    point
      ? null
      : h('fieldset', { class: 'field' }, h('legend', null, 'Kind'), h('div', { class: 'evidence-kinds' }, kinds)),
    !point && about,
    name.node,
    beaconPart,
    wifiPart,
    reachPart,
    h(
      'fieldset',
      { class: 'field' },
      h('legend', null, 'Where it is'),
      h(
        'p',
        { class: 'field-hint' },
        'Click the map, or drag the sign.',
        h('span', { class: 'only-wide' }, ' By keys: arrows move the map, Space takes its middle.'),
      ),
      h('div', { class: 'field-pair' }, x.node, y.node),
      placeError,
    ),
    h('div', { class: 'field-pair' }, floor.node, store.node),
    old && facts(old, point.id),
  );

  /** @param {import('../../types').EvidenceProps} saved @param {string} id */
  function facts(saved, id) {
    return h(
      'div',
      { class: 'evidence-facts' },
      h('p', { 'data-testid': 'evidence-reach' }, `As saved it ${reachText(saved.reaches, saved.kind)}.`),
      saved.code && [
        h('p', null, 'Code ', h('code', { 'data-testid': 'evidence-code' }, saved.code)),
        h(
          'p',
          { class: 'poster-links' },
          h('span', null, 'Poster (PDF):'),
          SIZES.map(([size, words]) =>
            h(
              'a',
              {
                href: `/v1/evidence-points/${id}/poster.pdf?size=${size}`,
                target: '_blank',
                rel: 'noopener',
                class: 'button button-small',
                'data-testid': `poster-${size}`,
              },
              words,
            ),
          ),
        ),
      ],
    );
  }

  show();
  return {
    node,
    judgeAll,
    showError,
    focusBad,
    setPlace,
    at,
    body,
    kind: () => kind,
    level: () => Number(floor.input.value),
    radius: () => (kind === 'check_in' ? null : numberIn(radius.input)),
    name: () => name.input.value.trim(),
    /** What is in it, to tell whether it changed. */
    state: () => JSON.stringify([kind, body()]),
    focus: () => name.input.focus(),
  };
}
