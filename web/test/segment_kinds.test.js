/** The conditions of the builder: what each begins as, what its controls change, what is still open. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiesFor, gapOf, KINDS, partsOf, sameParts } from '../src/pages/segments/kinds/index.js';
import { listed, typed } from '../src/pages/segments/kinds/values.js';
import { PRESETS, presetsFor } from '../src/pages/segments/presets.js';
import { windowChoice } from '../src/pages/segments/windows.js';
import { worldOf } from '../src/pages/segments/world.js';
import { setTimeZone } from '../src/ui/format.js';

setTimeZone('Europe/Zurich');
const choices = (/** @type {string[]} */ ...values) => values.map((value) => ({ value, label: value }));
/** @type {import('../src/pages/segments/shapes.js').Vocabulary} */
const VOCABULARY = {
  currency: 'CHF',
  traits: [{ name: 'language', types: ['text'], values: ['de', 'fr'] }],
  events: [{ name: 'Searched', type: 'track', properties: ['query', 'hits'], numbers: ['hits'] }],
  categories: ['Toys'],
  brands: ['Dragon'],
  stores: [
    { id: 's1', name: 'Kiosk' },
    { id: 's2', name: 'Kiosk' },
    { id: 's3', name: 'Web shop' },
  ],
  malls: [{ id: 'm', name: 'Mall' }],
  zones: [{ id: 'z', name: 'Atrium', kind: 'corridor' }],
  zone_kinds: choices('corridor', 'store'),
  campaigns: [{ id: 'c', name: 'Croissants' }],
  segments: [
    { id: 'g', name: 'Regulars' },
    { id: 'self', name: 'This' },
  ],
  lists: [{ id: 'l', name: 'Fair' }],
  channels: choices('push', 'email'),
  purposes: choices('marketing', 'service'),
  consent_states: choices('subscribed', 'none'),
  stages: choices('new', 'active', 'at_risk'),
  declines: choices('none', 'slight', 'marked', 'severe', 'gone', 'unknown'),
};
const NOW = Date.parse('2026-11-28T10:00:00Z');
const WORLD = worldOf(VOCABULARY, { storeId: null, segmentId: 'self' }, NOW);
/** @typedef {import('../src/pages/segments/tree.js').Condition} Condition */

/** @param {Condition} condition @param {string} key @returns {import('../src/pages/segments/parts.js').Part} */
function part(condition, key) {
  const found = partsOf(condition, WORLD).parts.find((one) => one.key === key);
  assert.ok(found, `${condition.kind} has no ${key}`);
  return found;
}
/** @param {Condition} condition @param {string} key @param {any} value */
const set = (condition, key, value) => part(condition, key).set?.(condition, value) ?? condition;
/** @param {Condition} condition @param {string} key */
function narrow(condition, key) {
  const found = partsOf(condition, WORLD).narrow.find((one) => one.key === key);
  assert.ok(found, `${condition.kind} cannot be narrowed by ${key}`);
  return found.add(condition);
}

test('what a definition may speak of', () => {
  assert.equal(WORLD.today, '2026-11-28');
  assert.deepEqual(
    WORLD.stores.map(([, name]) => name),
    ['Kiosk', 'Kiosk (2)', 'Web shop'],
  );
  assert.deepEqual(WORLD.segments, [['g', 'Regulars']]);
  assert.deepEqual(worldOf(VOCABULARY, { storeId: 's2', segmentId: null }, NOW).stores, [['s2', 'Kiosk']]);
});

test('the four conditions of the issue are one click each, but for the store', () => {
  const made = Object.fromEntries(PRESETS.map(({ key, make }) => [key, make(WORLD)]));
  assert.deepEqual(made.weekly, {
    kind: 'order',
    measure: 'per_week',
    op: 'gte',
    value: 0.9,
    window: { from: '2024-12-31T23:00:00.000Z', to: '2025-12-31T23:00:00.000Z' },
  });
  assert.equal(windowChoice(made.weekly.window, WORLD.today), 'year');
  assert.deepEqual(made.down, { kind: 'habit', of: 'frequency', down_percent: 30 });
  assert.equal(gapOf(made.near, WORLD), 'Store');
  const near = set(made.near, 'store_id', 's2');
  assert.deepEqual(near, { kind: 'place', of: 'home', within_km: 5, store_id: 's2' });
  assert.equal(gapOf(near, WORLD), null);
  assert.deepEqual(made.push, { kind: 'reachable', channel: 'push', purpose: 'marketing' });
  for (const { key, make } of PRESETS) if (key !== 'near') assert.equal(gapOf(make(WORLD), WORLD), null, key);
});

test('the segment of a store is not offered what looks beyond it', () => {
  const store = { ...WORLD, storeId: 's1' };
  assert.ok(!presetsFor(store).some(({ key }) => key === 'down' || key === 'at_risk'));
  assert.equal(
    presetsFor(store)
      .find(({ key }) => key === 'near')
      ?.make(store).store_id,
    's1',
  );
  assert.ok(
    !familiesFor('s1')
      .flatMap(([, kinds]) => kinds)
      .includes('habit'),
  );
  assert.deepEqual(
    familiesFor(null)
      .flatMap(([, kinds]) => kinds)
      .sort(),
    Object.keys(KINDS).sort(),
  );
});

test('orders: a measure takes its operator, currency and window along', () => {
  const order = KINDS.order.start();
  const spend = set(order, 'measure', 'spend');
  assert.deepEqual([spend.currency, spend.value, spend.op], ['CHF', 10_000, 'gte']);
  assert.equal(part(spend, 'value').value, 100);
  assert.equal(set(spend, 'value', 12.35).value, 1235);
  const yen = set(set(spend, 'currency', 'jpy'), 'value', 500);
  assert.deepEqual([yen.currency, yen.value], ['JPY', 500]);
  const last = set(spend, 'measure', 'last');
  assert.deepEqual([last.currency, last.op, last.value], [undefined, 'within_days', 30]);
  const before = set(set(last, 'op', 'before'), 'value', '2026-07-01');
  assert.equal(before.value, '2026-06-30T22:00:00.000Z');
  assert.equal(part(before, 'value').value, '2026-07-01');
  const ever = set(order, 'window', 'ever');
  assert.deepEqual(set(ever, 'measure', 'per_week').window, { days: 365 });
  const between = set(set(order, 'op', 'between'), 'value.1', 4);
  assert.deepEqual(between.value, [1, 4]);
  assert.equal(set(between, 'op', 'lte').value, 1);
});

test('windows: days of the tenant, the last one included', () => {
  const order = set(KINDS.order.start(), 'window', 'between');
  const june = set(set(order, 'window.from', '2026-06-01'), 'window.to', '2026-06-30');
  assert.deepEqual(june.window, { from: '2026-05-31T22:00:00.000Z', to: '2026-06-30T22:00:00.000Z' });
  assert.equal(part(june, 'window.to').value, '2026-06-30');
  assert.deepEqual(set(set(order, 'window', 'days'), 'window.days', 45).window, { days: 45 });
  assert.deepEqual(set(june, 'window', '90').window, { days: 90 });
});

test('narrowing down, and leaving it out again', () => {
  const toys = set(narrow(KINDS.order.start(), 'category'), 'category', 'Toys');
  assert.equal(toys.category, 'Toys');
  assert.deepEqual(part(toys, 'category').drop?.(toys), KINDS.order.start());
  assert.equal(gapOf(narrow(KINDS.visit.start(), 'zone_id'), WORLD), 'Zone');
  const searched = set(KINDS.event.start(), 'name', 'Searched');
  const where = set(narrow(searched, 'where.0.property'), 'where.0.property', 'hits');
  const many = set(set(where, 'where.0.op', 'gte'), 'where.0.value', 10);
  assert.deepEqual(
    many.where,
    [{ kind: undefined, property: 'hits', op: 'gte', value: 10 }].map(({ kind: _, ...rest }) => rest),
  );
  const sum = set(many, 'measure', 'sum');
  assert.equal(sum.property, '');
  assert.deepEqual(part(sum, 'property').known, ['hits']);
  assert.equal('property' in set(sum, 'measure', 'count'), false);
});

test('habits, stages, places, visits change as a whole', () => {
  const gap = set(KINDS.habit.start(), 'of', 'gap');
  assert.deepEqual(gap, { kind: 'habit', of: 'gap', beyond_percentile: 80 });
  assert.equal(set(gap, 'beyond_percentile', '95').beyond_percentile, 95);
  assert.deepEqual(set(gap, 'of', 'spend'), { kind: 'habit', of: 'spend', down_percent: 30 });
  const notNew = { kind: 'metric', name: 'stage', op: 'ne', value: 'new' };
  assert.deepEqual(part(notNew, 'value').value, ['active', 'at_risk']);
  assert.deepEqual(set(notNew, 'value', ['active']), { kind: 'metric', name: 'stage', op: 'in', value: ['active'] });
  const alive = set(KINDS.metric.start(), 'name', 'p_alive');
  assert.equal(part(alive, 'value').value, 50);
  assert.equal(set(alive, 'value', 70).value, 0.7);
  const near = { ...KINDS.place.start(), store_id: 's1' };
  assert.deepEqual(set(near, 'how', 'nearest'), { kind: 'place', of: 'home', nearest_store_id: 's1' });
  assert.deepEqual(set(near, 'how', 'inside'), { kind: 'place', of: 'home', inside_zone_id: '' });
  const now = set(KINDS.visit.start(), 'measure', 'now');
  assert.deepEqual(now, { kind: 'visit', measure: 'now' });
  assert.deepEqual(set(now, 'measure', 'count'), KINDS.visit.start());
});

test('values as they are typed', () => {
  assert.deepEqual(listed('8001, bern,, true'), [8001, 'bern', true]);
  assert.equal(typed(' 2.5 '), 2.5);
  const trait = { kind: 'trait', name: 'language', op: 'eq', value: 'de' };
  assert.deepEqual(part(trait, 'value').known, ['de', 'fr']);
  assert.deepEqual(set(trait, 'op', 'in'), { ...trait, op: 'in', value: ['de'] });
  assert.deepEqual(set(trait, 'op', 'exists'), { kind: 'trait', name: 'language', op: 'exists' });
  assert.equal(gapOf(set(trait, 'op', 'gte'), WORLD), 'Value');
});

test('a row is drawn anew only when its controls look otherwise', () => {
  const near = KINDS.place.start();
  assert.ok(sameParts(near, set(near, 'store_id', 's1'), 'store_id', WORLD));
  assert.ok(!sameParts(near, set(near, 'how', 'inside'), 'how', WORLD));
  const orders = { kind: 'metric', name: 'orders', op: 'gte', value: 5 };
  assert.ok(!sameParts(orders, set(orders, 'name', 'purchase_days'), 'name', WORLD), 'the number is another');
});
