/** What starts a campaign: its kind, and only the fields that matter for that kind. */
import { h } from '../../../ui/dom.js';
import { checkField, chips, numberIn, selectField, textField } from '../../../ui/fields.js';
import { icon } from '../../../ui/icons.js';
import { DAYS } from '../../../ui/words.js';
import { addButton, choices, CLOCKS, dateField, numberField, timeField } from './fields.js';
import { eventFields } from './questions.js';

/** @import {Target, Trigger, World} from '../../../types' */
/** @import {Field} from '../../../ui/fields.js' */

export const OF_PLACES = new Set(['entered', 'dwelled', 'exited']);
/** @type {[string, string][]} */
const KINDS = [
  ['entered', 'Somebody enters a zone or shop'],
  ['dwelled', 'Somebody stays in a zone or shop'],
  ['exited', 'Somebody leaves a zone or shop'],
  ['segment', 'Somebody comes into a segment or leaves it'],
  ['event', 'Somebody does something on a site or in an app'],
  ['cart', 'Somebody leaves a cart alone'],
  ['order', 'Somebody places an order'],
  ['date', 'A date of a person: a birthday, the end of a contract'],
  ['schedule', 'A time: once, or again and again'],
  ['api', 'A call of the API that names the people'],
];
/** @type {[string, string][]} */
const ORDER_CHANNELS = [
  ['web', 'Web'],
  ['app', 'App'],
  ['pos', 'Till'],
  ['phone', 'Telephone'],
  ['other', 'Other'],
];
/** @type {[string, string][]} */
const OF_WEEKEND = [
  ['weekday', 'working days'],
  ['weekend', 'weekend'],
  ['weekend_start', 'its first day'],
  ['weekend_eve', 'the day before it'],
];
const NONE = { zone_ids: [], store_ids: [], dwell_s: null, segment_id: null, on: 'entered', present: false };
const NO_MEMBER = { event: null, schedule: null, date: null, cart: null, order: null };

/** @typedef {{node: HTMLElement, read: () => object, targets: Target[] | (() => Target[])}} Part of one kind */

/** @param {{trigger: Trigger, world: World}} options */
export function triggerPart({ trigger, world }) {
  const kind = selectField('What starts it', KINDS, trigger.kind, { testid: 'trigger-kind' });
  const places = placesPart(trigger, world);
  /** @type {Record<string, Part>} */
  const parts = {
    segment: segmentPart(trigger, world),
    event: eventPart(trigger),
    cart: cartPart(trigger),
    order: orderPart(trigger),
    date: datePart(trigger),
    schedule: schedulePart(trigger),
    api: apiPart(),
  };
  const chosen = () => kind.input.value;

  function show() {
    places.show(chosen());
    for (const [name, part] of Object.entries(parts)) part.node.hidden = name !== chosen();
  }
  show();

  return {
    node: h(
      'div',
      { class: 'stack', on: { change: show } },
      kind.node,
      places.node,
      Object.values(parts).map((part) => part.node),
    ),
    kind: chosen,
    /** The first zone, whose names a preview shows. */
    zone: () => (OF_PLACES.has(chosen()) ? (places.read('entered').zone_ids[0] ?? null) : null),
    read: () => ({
      kind: chosen(),
      ...NONE,
      ...NO_MEMBER,
      ...(OF_PLACES.has(chosen()) ? places.read(chosen()) : parts[chosen()].read()),
    }),
    /** @returns {Target[]} */
    targets() {
      const of = OF_PLACES.has(chosen()) ? places.targets() : parts[chosen()].targets;
      return [['/trigger', kind], ...(typeof of === 'function' ? of() : of)];
    },
  };
}

/** One zone or shop, and more if wanted. @param {Trigger} trigger @param {World} world */
function placesPart(trigger, world) {
  /** @type {[string, string][]} */
  const all = [
    ...world.zones.map(([id, name]) => /** @type {[string, string]} */ ([`zone:${id}`, `Zone: ${name}`])),
    ...world.stores.map(([id, name]) => /** @type {[string, string]} */ ([`store:${id}`, `Shop: ${name}`])),
  ];
  const named = [...trigger.zone_ids.map((id) => `zone:${id}`), ...trigger.store_ids.map((id) => `store:${id}`)];
  /** @type {Field[]} */
  let fields = [];
  const rows = h('div', { class: 'stack' });
  /** @param {string} value @param {string} testid */
  function add(value, testid) {
    const place = selectField(fields.length ? 'Or' : 'Zone or shop', choices('Choose one', all, value), value, {
      testid,
    });
    const isFirst = fields.length === 0;
    fields.push(place);
    const row = h(
      'div',
      { class: 'removable' },
      place.node,
      !isFirst &&
        h(
          'button',
          {
            type: 'button',
            class: 'icon-button',
            'aria-label': 'Remove this place',
            on: {
              click: () => {
                fields = fields.filter((other) => other !== place);
                row.remove();
              },
            },
          },
          icon('close', 18),
        ),
    );
    rows.append(row);
    return place;
  }
  add(named[0] ?? '', 'trigger-place');
  named.slice(1).forEach((value) => add(value, 'trigger-more'));
  const dwell = numberField('For (seconds)', trigger.dwell_s ?? 60, { testid: 'trigger-dwell', min: 1 });
  const more = h(
    'p',
    null,
    addButton('Another place', () => add('', 'trigger-more').input.focus(), 'add-place'),
  );
  const node = h('div', { class: 'stack' }, rows, more, dwell.node);
  const chosen = () =>
    [...new Set(fields.map((place) => place.input.value).filter(Boolean))].map((value) => value.split(':'));
  return {
    node,
    /** @param {string} kind */
    show(kind) {
      node.hidden = !OF_PLACES.has(kind);
      dwell.node.hidden = kind !== 'dwelled';
    },
    /** @param {string} kind */
    read: (kind) => ({
      zone_ids: chosen().flatMap(([type, id]) => (type === 'zone' ? [id] : [])),
      store_ids: chosen().flatMap(([type, id]) => (type === 'store' ? [id] : [])),
      dwell_s: kind === 'dwelled' ? numberIn(dwell.input) : null,
    }),
    /** @returns {Target[]} */
    targets() {
      const at = (/** @type {string} */ type) =>
        fields
          .filter((place) => place.input.value.startsWith(type))
          .map((place, n) => /** @type {Target} */ ([`/trigger/${type}_ids/${n}`, place]));
      return [['/trigger', fields[0]], ['/trigger/dwell_s', dwell], ...at('zone'), ...at('store')];
    },
  };
}

/** @param {Trigger} trigger @param {World} world @returns {Part} */
function segmentPart(trigger, world) {
  const empty = world.segments.length ? 'Choose one' : 'There is no segment yet';
  const segment = selectField('Segment', choices(empty, world.segments, trigger.segment_id), trigger.segment_id ?? '', {
    testid: 'trigger-segment',
  });
  const move = selectField(
    'What happens',
    [
      ['entered', 'somebody comes into it'],
      ['exited', 'somebody leaves it'],
    ],
    trigger.on ?? 'entered',
    { testid: 'trigger-move' },
  );
  const present = checkField('Also to everybody who is in it when the campaign starts', trigger.present ?? false, {
    testid: 'trigger-present',
  });
  const show = () => void (present.node.hidden = move.input.value !== 'entered');
  move.input.addEventListener('change', show);
  show();
  return {
    node: h(
      'div',
      { class: 'stack', 'data-testid': 'segment-part' },
      h('div', { class: 'field-pair' }, segment.node, move.node),
      present.node,
      h(
        'p',
        { class: 'quiet' },
        'It waits for these hours and for the end of quiet hours, a day at most. Only people who allow personal content get it.',
      ),
    ),
    read: () => ({
      segment_id: segment.input.value || null,
      on: move.input.value,
      present: move.input.value === 'entered' && present.box.checked,
    }),
    targets: [['/trigger/segment_id', segment]],
  };
}

/** @param {Trigger} trigger @returns {Part} */
function eventPart(trigger) {
  const event = eventFields(trigger.event, 'trigger-event');
  return { node: event.node, read: () => ({ event: event.read() }), targets: () => event.targets('/trigger/event') };
}

/** @param {Trigger} trigger @returns {Part} */
function cartPart(trigger) {
  const after = numberField('Left alone for (minutes)', trigger.cart?.after_minutes ?? 60, {
    testid: 'trigger-minutes',
    min: 1,
    max: 10080,
    hint: 'And nothing was ordered since. Not earlier than you call a cart abandoned.',
  });
  return {
    node: after.node,
    read: () => ({ cart: { after_minutes: numberIn(after.input) } }),
    targets: [['/trigger/cart', after]],
  };
}

/** @param {Trigger} trigger @returns {Part} */
function orderPart(trigger) {
  const channels = chips('Placed', ORDER_CHANNELS, trigger.order?.channels ?? [], {
    testid: 'trigger-channels',
    hint: 'None chosen means anywhere.',
  });
  return {
    node: channels.node,
    read: () => ({ order: { channels: channels.values() } }),
    targets: [['/trigger/order', channels]],
  };
}

/** @param {Trigger} trigger @returns {Part} */
function datePart({ date }) {
  const trait = textField(
    'Trait',
    { value: date?.trait ?? '', maxlength: 100, spellcheck: 'false', placeholder: 'birthday' },
    { testid: 'trigger-trait', hint: 'One that is a date, like 1990-05-17.' },
  );
  const days = numberField('Days', Math.abs(date?.days ?? 0), { testid: 'trigger-days', min: 0, max: 366 });
  const side = selectField(
    'Counted',
    [
      ['after', 'after the day (0: on it)'],
      ['before', 'before the day'],
    ],
    (date?.days ?? 0) < 0 ? 'before' : 'after',
    { testid: 'trigger-side' },
  );
  const yearly = checkField('Every year', date?.yearly ?? true, { testid: 'trigger-yearly' });
  const at = timeField('At', date?.at ?? '09:00', 'trigger-date-at');
  const whose = selectField('Read', CLOCKS, date?.clock ?? 'store', { testid: 'trigger-date-clock' });
  return {
    node: h(
      'div',
      { class: 'stack' },
      trait.node,
      h('div', { class: 'field-pair' }, days.node, side.node),
      yearly.node,
      h('div', { class: 'field-pair' }, at.node, whose.node),
    ),
    read: () => ({
      date: {
        trait: trait.input.value.trim(),
        days: (numberIn(days.input) ?? 0) * (side.input.value === 'before' ? -1 : 1),
        yearly: yearly.box.checked,
        at: at.input.value,
        clock: whose.input.value,
      },
    }),
    targets: [
      ['/trigger/date', trait],
      ['/trigger/date/days', days],
      ['/trigger/date/at', at],
    ],
  };
}

/** @param {Trigger} trigger @returns {Part} */
function schedulePart({ schedule }) {
  const often = selectField(
    'How often',
    [
      ['again', 'Again and again'],
      ['once', 'Once'],
    ],
    schedule?.on ? 'once' : 'again',
    { testid: 'trigger-often' },
  );
  const on = dateField('On', schedule?.on ?? '', 'trigger-on');
  const by = selectField(
    'At',
    [
      ['at', 'a time'],
      ['day_part', 'when a day part begins'],
    ],
    schedule?.day_part ? 'day_part' : 'at',
    { testid: 'trigger-by' },
  );
  const at = timeField('Time', schedule?.at ?? '10:00', 'trigger-at');
  const part = textField('Day part', { value: schedule?.day_part ?? 'evening' }, { testid: 'trigger-part' });
  const before = numberField('Minutes before', schedule?.before_minutes ?? 0, {
    testid: 'trigger-before',
    min: 0,
    max: 360,
  });
  const whose = selectField('Read', CLOCKS, schedule?.clock ?? 'store', { testid: 'trigger-clock' });
  const days = chips('Days', /** @type {[string, string][]} */ ([...DAYS, ...OF_WEEKEND]), schedule?.days ?? [], {
    testid: 'trigger-weekdays',
    hint: 'None chosen means every day. The weekend is that of the country where the clock hangs.',
  });
  function show() {
    on.node.hidden = often.input.value !== 'once';
    days.node.hidden = often.input.value === 'once';
    at.node.hidden = by.input.value !== 'at';
    part.node.hidden = before.node.hidden = by.input.value !== 'day_part';
  }
  by.input.addEventListener('change', show);
  often.input.addEventListener('change', show);
  show();
  return {
    node: h(
      'div',
      { class: 'stack' },
      h('div', { class: 'field-pair' }, often.node, on.node),
      days.node,
      h('div', { class: 'field-pair' }, by.node, at.node, part.node),
      h('div', { class: 'field-pair' }, whose.node, before.node),
      h('p', { class: 'quiet' }, 'For everybody of the audience below, when the clock shows this time.'),
    ),
    read() {
      const once = often.input.value === 'once';
      const byPart = by.input.value === 'day_part';
      return {
        schedule: {
          at: byPart ? null : at.input.value,
          day_part: byPart ? part.input.value.trim() || null : null,
          before_minutes: byPart ? (numberIn(before.input) ?? 0) : 0,
          on: once ? on.input.value : null,
          days: once ? [] : days.values(),
          clock: whose.input.value,
        },
      };
    },
    targets: [
      ['/trigger/schedule', at],
      ['/trigger/schedule/on', on],
      ['/trigger/schedule/day_part', part],
      ['/trigger/schedule/before_minutes', before],
      ['/trigger/schedule/days', days],
    ],
  };
}

/** @returns {Part} */
const apiPart = () => ({
  node: h(
    'p',
    { class: 'quiet breaks' },
    'Your server names people, and values for the text, with POST /v1/campaigns/{id}/trigger once the campaign is active.',
  ),
  read: () => ({}),
  targets: [],
});
