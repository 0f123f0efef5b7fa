/** Conditions on what somebody bought, and on their own habits of buying. */
import { digitsOf } from '../../../ui/decimals.js';
import { choice, narrowed, setter, text, without, words } from '../parts.js';
import { windowParts } from '../windows.js';
import { comparison, fitted, MOMENT_OPS, NUMBER_OPS, scaled } from './tests.js';

/** @import {Option, Part} from '../parts.js' */
/** @import {World} from '../world.js' */
/** @import {Condition} from '../tree.js' */
/** @import {Kind} from './index.js' */

/** @type {Option[]} */
const ORDER_MEASURES = [
  ['count', 'the number of orders is'],
  ['per_week', 'the orders a week are'],
  ['spend', 'the money spent is'],
  ['average', 'the average order is'],
  ['last', 'the last order was'],
  ['first', 'the first order was'],
];
const MONEY = new Set(['spend', 'average']);
const MOMENTS = new Set(['first', 'last']);
/** @type {Option[]} */
const CHANNELS = [
  ['web', 'on the web'],
  ['app', 'in the app'],
  ['pos', 'at the till'],
  ['phone', 'by telephone'],
  ['other', 'some other way'],
];

/** What a measure takes along: an operator of its sort, a currency, a window that it can divide by. @param {Condition} was @param {string} measure @param {World} world */
function withMeasure(was, measure, { today, currency }) {
  const isMoment = MOMENTS.has(measure);
  const fits = isMoment === MOMENTS.has(was.measure);
  const op = fits ? was.op : isMoment ? 'within_days' : 'gte';
  const isSameUnit = MONEY.has(measure) === MONEY.has(was.measure);
  const next = {
    ...without(was, 'currency'),
    measure,
    op,
    value: isSameUnit && fits ? was.value : fitted(op, null, today),
    ...(MONEY.has(measure) ? { currency: was.currency ?? currency, value: isSameUnit ? was.value : 10_000 } : {}),
  };
  return measure === 'per_week' && was.window.ever ? { ...next, window: { days: 365 } } : next;
}

/** @type {Kind} */
export const order = {
  title: 'Orders',
  about: 'How often, for how much, when first or last; of a category, brand, product, store',
  start: () => ({ kind: 'order', measure: 'count', op: 'gte', value: 1, window: { days: 90 } }),
  parts(condition, world) {
    const isMoment = MOMENTS.has(condition.measure);
    const extras = narrowed(condition, [
      {
        key: 'category',
        words: 'of a category',
        start: '',
        part: (c) => text(c, 'category', 'Category', { lead: 'of', known: world.categories }),
      },
      {
        key: 'brand',
        words: 'of a brand',
        start: '',
        part: (c) => text(c, 'brand', 'Brand', { lead: 'by', known: world.brands }),
      },
      {
        key: 'product',
        words: 'of one product',
        start: '',
        part: (c) => text(c, 'product', 'Product or SKU', { lead: 'of' }),
      },
      {
        key: 'store_id',
        words: 'in one store',
        start: '',
        part: (c) => choice(c, 'store_id', 'Store', world.stores, { lead: 'in' }),
      },
      { key: 'channel', words: 'by one channel', start: 'web', part: (c) => choice(c, 'channel', 'Channel', CHANNELS) },
    ]);
    const parts = [
      choice(condition, 'measure', 'What of the orders', ORDER_MEASURES, {
        set: (was, measure) => withMeasure(was, measure, world),
      }),
      ...comparison(condition, isMoment ? MOMENT_OPS : NUMBER_OPS, world.today, orderScale(condition)),
      ...windowParts(condition, world.today).map((part) =>
        part.key === 'window' && condition.measure === 'per_week'
          ? { ...part, options: part.options?.filter(([key]) => key !== 'ever') }
          : part,
      ),
    ];
    if (MONEY.has(condition.measure)) parts.push(currencyPart(condition));
    return { parts: [...parts, ...extras.parts], narrow: extras.narrow };
  },
};

/** @param {Condition} condition */
function orderScale({ measure, currency }) {
  if (MONEY.has(measure)) return { unit: currency, digits: digitsOf(currency), min: 0 };
  return measure === 'count' ? { step: 1 } : {};
}

/** Orders in other currencies do not count. @param {Condition} condition @returns {Part} */
const currencyPart = (condition) =>
  text(condition, 'currency', 'Currency', {
    lead: 'in',
    most: 3,
    set: (was, value) => ({ ...was, currency: value.toUpperCase() }),
  });

/** @type {Option[]} */
const HABITS = [
  ['frequency', 'they buy less often'],
  ['spend', 'they spend less'],
  ['visits', 'they visit less often'],
  ['gap', 'they stay away'],
];

/** @type {Kind} */
export const habit = {
  title: 'Against their own habit',
  about: 'Buys, spends or visits less than this person used to; a gap longer than is usual for them',
  start: () => ({ kind: 'habit', of: 'frequency', down_percent: 30 }),
  parts(condition) {
    const what = choice(condition, 'of', 'What has changed', HABITS, {
      set: (was, of) =>
        of === 'gap'
          ? { kind: 'habit', of, beyond_percentile: 80 }
          : { kind: 'habit', of, down_percent: was.down_percent ?? 30 },
    });
    return { parts: [what, condition.of === 'gap' ? gapPart(condition) : downPart(condition)], narrow: [] };
  },
};

/** @param {Condition} condition @returns {Part} */
const gapPart = (condition) =>
  choice(
    condition,
    'beyond_percentile',
    'Share of their gaps',
    [50, 60, 70, 80, 90, 95].map((percent) => [String(percent), `${percent} %`]),
    {
      lead: 'for longer than',
      unit: 'of their own gaps',
      set: (was, percent) => ({ ...was, beyond_percentile: Number(percent) }),
    },
  );

/** @param {Condition} condition */
const downPart = ({ down_percent: value }) =>
  scaled(
    { key: 'down_percent', words: 'Down by at least', value, set: setter('down_percent') },
    { lead: 'by', unit: '% or more than they used to', min: 1, step: 1, max: 100 },
  );

/** @type {Kind} */
export const decline = {
  title: 'Degree of decline',
  about: 'How far their buying has fallen: slight, marked, severe, gone',
  start: () => ({ kind: 'decline', degrees: ['marked', 'severe'] }),
  parts: (condition, { declines }) => ({
    parts: [
      words('their decline is'),
      {
        type: 'chips',
        key: 'degrees',
        words: 'Degree',
        value: condition.degrees,
        options: declines,
        needed: true,
        set: setter('degrees'),
      },
    ],
    narrow: [],
  }),
};

/** @type {Option[]} */
const METRICS = [
  ['stage', 'their lifecycle stage is'],
  ['orders', 'all their orders are'],
  ['purchase_days', 'the days on which they bought are'],
  ['spend', 'all they spent is'],
  ['average_order', 'their average order is'],
  ['days_since_order', 'the days since their last order are'],
  ['p_alive', 'the chance that they are still a customer is'],
  ['orders_90d', 'the orders expected in 90 days are'],
  ['orders_365d', 'the orders expected in 365 days are'],
  ['value_365', 'the spending expected in 365 days is'],
];
const METRIC_MONEY = new Set(['spend', 'average_order', 'value_365']);
/** @type {Kind} */
export const metric = {
  title: 'Lifecycle and value',
  about: 'Lifecycle stage, orders and spending of all time, chance to stay, expected value',
  start: () => ({ kind: 'metric', name: 'stage', op: 'in', value: ['active'] }),
  parts(condition, world) {
    const { name } = condition;
    const which = choice(condition, 'name', 'Figure', METRICS, {
      set: (_was, next) =>
        next === 'stage'
          ? { kind: 'metric', name: next, op: 'in', value: ['active'] }
          : {
              kind: 'metric',
              name: next,
              op: 'gte',
              value: next === 'p_alive' ? 0.5 : METRIC_MONEY.has(next) ? 10_000 : 1,
            },
    });
    if (name === 'stage') return { parts: [which, stagePart(condition, world.stages)], narrow: [] };
    return { parts: [which, ...comparison(condition, NUMBER_OPS, world.today, metricScale(name, world))], narrow: [] };
  },
};

/** @param {string} name @param {World} world */
function metricScale(name, { currency }) {
  if (METRIC_MONEY.has(name)) return { unit: currency, digits: digitsOf(currency) };
  return name === 'p_alive' ? { unit: '%', factor: 100 } : {};
}

/**
 * One of several stages; a single one may be stored as `eq`, those to leave out as `not_in`.
 * @param {Condition} condition @param {Option[]} stages
 * @returns {Part}
 */
function stagePart({ op, value }, stages) {
  const named = Array.isArray(value) ? value : [value];
  const isOut = op === 'ne' || op === 'not_in';
  return {
    type: 'chips',
    key: 'value',
    words: 'Stage',
    value: isOut ? stages.map(([key]) => key).filter((key) => !named.includes(key)) : named,
    options: stages,
    needed: true,
    set: (was, next) => ({ ...was, op: 'in', value: next }),
  };
}
