/** What is asked of a person or of an event: a test of an attribute, of properties, or what a branch asks. */
import { h } from '../../../ui/dom.js';
import { selectField, textField } from '../../../ui/fields.js';
import { icon } from '../../../ui/icons.js';
import { addButton, choices, typed } from './fields.js';

/** @import {Audience, Condition, EventOf, EventTest, Target, World} from '../../../types' */

/** @type {[string, string][]} */
const OPS = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['gt', 'is above'],
  ['lt', 'is below'],
  ['exists', 'is known'],
];
/** Of a property; those with a list or two values are written by the API and kept. @type {[string, string][]} */
const PROPERTY_OPS = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['gt', 'is above'],
  ['gte', 'is at least'],
  ['lt', 'is below'],
  ['lte', 'is at most'],
  ['contains', 'contains'],
  ['starts_with', 'begins with'],
  ['exists', 'is there'],
  ['not_exists', 'is not there'],
];
const WITHOUT_VALUE = new Set(['exists', 'not_exists']);

/** One test of one attribute. @param {Audience} test @param {string} testid */
export function attributeTest(test, testid) {
  const name = textField('Attribute', { value: test.name ?? '' }, { testid: `${testid}-name` });
  const op = selectField('Test', OPS, test.op ?? 'eq', { testid: `${testid}-op` });
  const value = textField('Value', { value: test.value ?? '' }, { testid: `${testid}-value` });
  return {
    node: h('div', { class: 'field-trio' }, name.node, op.node, value.node),
    show: () => void (value.node.hidden = op.input.value === 'exists'),
    read: () => ({
      kind: 'attribute',
      name: name.input.value.trim(),
      op: op.input.value,
      ...(op.input.value !== 'exists' && { value: typed(value.input.value) }),
    }),
    /** @param {string} at @returns {Target[]} */
    targets: (at) => [
      [`${at}/value`, value],
      [`${at}/op`, op],
      [`${at}/name`, name],
    ],
  };
}

/** An event by its name, and what its properties must be. @param {EventOf | null | undefined} event @param {string} testid */
export function eventFields(event, testid) {
  const name = textField(
    'Event',
    { value: event?.name ?? '', maxlength: 200, spellcheck: 'false', placeholder: 'Product Viewed' },
    { testid: `${testid}-name`, hint: 'As your site, app or server names it.' },
  );
  const rows = h('div', { class: 'stack' });
  /** @type {ReturnType<typeof propertyTest>[]} */
  let tests = [];
  /** @param {EventTest} [test] */
  function add(test) {
    const made = propertyTest(test, testid, () => {
      tests = tests.filter((other) => other !== made);
      made.node.remove();
    });
    tests.push(made);
    rows.append(made.node);
    return made;
  }
  event?.where.forEach(add);
  return {
    node: h(
      'div',
      { class: 'stack' },
      name.node,
      rows,
      h(
        'p',
        null,
        addButton('Only if a property …', () => add().focus(), `${testid}-narrow`),
      ),
    ),
    name,
    read: () => ({ name: name.input.value.trim(), where: tests.map((test) => test.read()) }),
    /** @param {string} at @returns {Target[]} */
    targets: (at) => [
      [`${at}/name`, name],
      [at, name],
      ...tests.map((test, n) => /** @type {Target} */ ([`${at}/where/${n}`, test.field])),
    ],
  };
}

/** @param {EventTest | undefined} test @param {string} testid @param {() => void} remove */
function propertyTest(test, testid, remove) {
  const isOdd = test && (Array.isArray(test.value) || !PROPERTY_OPS.some(([op]) => op === test.op));
  const property = textField(
    'Property',
    { value: test?.property ?? '', spellcheck: 'false' },
    { testid: `${testid}-property` },
  );
  const ops = isOdd
    ? [...PROPERTY_OPS, /** @type {[string, string]} */ ([test.op, `${test.op.replaceAll('_', ' ')} (as it was)`])]
    : PROPERTY_OPS;
  const op = selectField('Test', ops, test?.op ?? 'eq', { testid: `${testid}-property-op` });
  const value = textField(
    'Value',
    { value: Array.isArray(test?.value) ? test.value.join(', ') : (test?.value ?? '') },
    { testid: `${testid}-property-value` },
  );
  const show = () => void (value.node.hidden = WITHOUT_VALUE.has(op.input.value));
  op.input.addEventListener('change', show);
  show();
  return {
    node: h(
      'div',
      { class: 'test-row' },
      property.node,
      op.node,
      value.node,
      h(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': 'Remove this test', on: { click: remove } },
        icon('close', 18),
      ),
    ),
    field: property,
    focus: () => property.input.focus(),
    read() {
      const kept = isOdd && op.input.value === test.op;
      return {
        property: property.input.value.trim(),
        op: op.input.value,
        ...(!WITHOUT_VALUE.has(op.input.value) && { value: kept ? test.value : typed(value.input.value) }),
      };
    },
  };
}

/** @type {[string, string][]} */
const KINDS = [
  ['purchase', 'has ordered something since coming in'],
  ['event', 'has done something since coming in'],
  ['due', 'will soon need something that they always buy'],
  ['segment', 'is in a segment'],
  ['attribute', 'has an attribute'],
];

/** What a branch asks. @param {Condition | undefined} when @param {World} world */
export function question(when, world) {
  const kind = selectField('If somebody', KINDS, when?.kind ?? 'purchase', { testid: 'branch-kind' });
  const segment = selectField(
    'Segment',
    choices('Choose one', world.segments, when?.segment_id),
    when?.segment_id ?? '',
    {
      testid: 'branch-segment',
    },
  );
  const attribute = attributeTest(when?.kind === 'attribute' ? when : { kind: 'attribute' }, 'branch');
  const event = eventFields(
    when?.kind === 'event' ? { name: when.name ?? '', where: when.where ?? [] } : null,
    'branch-event',
  );
  function show() {
    const chosen = kind.input.value;
    segment.node.hidden = chosen !== 'segment';
    attribute.node.hidden = chosen !== 'attribute';
    event.node.hidden = chosen !== 'event';
    attribute.show();
  }
  show();
  return {
    node: h('div', { class: 'stack', on: { change: show } }, kind.node, segment.node, attribute.node, event.node),
    read() {
      if (kind.input.value === 'segment') return { kind: 'segment', segment_id: segment.input.value || null };
      if (kind.input.value === 'attribute') return attribute.read();
      return kind.input.value === 'event' ? { kind: 'event', ...event.read() } : { kind: kind.input.value };
    },
    /** @param {string} at @returns {Target[]} */
    targets: (at) => [
      [at, kind],
      [`${at}/segment_id`, segment],
      ...(kind.input.value === 'attribute' ? attribute.targets(at) : []),
      ...(kind.input.value === 'event' ? event.targets(at).filter(([path]) => path !== at) : []),
    ],
  };
}
