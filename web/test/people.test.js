import assert from 'node:assert/strict';
import { test } from 'node:test';
import { money } from '../src/ui/format.js';
import { cartValue, habitWords, quantity, statusText, tone, usualWords } from '../src/pages/people/words.js';

const LINE = {
  name: 'Kite',
  sku: null,
  image_url: null,
  quantity_milli: 1000,
  unit_price_minor: 1250,
  currency: 'CHF',
};

test('an amount has the decimals of its currency', () => {
  assert.equal(money(1250, 'CHF'), 'CHF 12.50');
  assert.equal(money(1250, 'JPY'), 'JPY 1,250');
  assert.equal(money(-1250, 'KWD'), '-KWD 1.250');
  assert.match(
    money(123456, 'RSD') ?? '',
    /^RSD 1,23(5|4\.56)$/,
    'some browsers write no paras, but amounts have them',
  );
  assert.equal(money(null, 'CHF'), '–');
});

test('what a cart is worth', () => {
  assert.equal(cartValue([LINE, { ...LINE, quantity_milli: 500 }]), 'CHF 18.75');
  assert.equal(cartValue([LINE, { ...LINE, currency: 'EUR' }]), 'CHF 12.50 + EUR 12.50');
  assert.equal(cartValue([LINE, { ...LINE, unit_price_minor: null }]), 'CHF 12.50, and 1 without a price');
  assert.equal(cartValue([{ ...LINE, currency: null }]), 'One thing, without a price');
});

test('quantities', () => {
  assert.deepEqual([quantity(2000), quantity(750), quantity(1)], ['2', '0.75', '0.001']);
});

const USUAL = {
  store_id: 's',
  store_name: 'Left',
  store_orders: 3,
  store_of: 4,
  hour: 17,
  hour_orders: 4,
  hour_of: 6,
};

test('where and when somebody usually shops', () => {
  assert.equal(usualWords(USUAL), 'Usually at Left (3 of 4 orders), between 17 and 18 o’clock (4 of 6).');
  assert.equal(usualWords({ ...USUAL, store_name: null }), 'Usually between 17 and 18 o’clock (4 of 6).');
  assert.match(usualWords({ ...USUAL, store_name: null, hour: null }), /^Too few/);
});

test('how somebody buys against their own habit', () => {
  const habit = {
    stage: 'slowing',
    stage_since: '2026-11-01',
    decline: 'marked',
    decline_since: '2026-11-08',
    purchases: 40,
    typical_gap_days: 8.6,
    long_gap_at: '2026-11-05T00:00:00Z',
    per_week_before: 0.81,
    per_week_now: 0.42,
    now_days: 42,
    frequency_change: -0.48,
    spend_change: 0.1,
    visits_change: null,
  };
  const now = new Date('2026-11-10T00:00:00Z');
  assert.equal(
    habitWords(habit, now),
    'Usually every 9 days; 0.42 a week now, 0.81 before (−48 %); spends +10 %. This gap is longer than four of five of theirs.',
  );
  assert.equal(
    habitWords({ ...habit, per_week_now: null, spend_change: null, long_gap_at: null }, now),
    'Usually every 9 days.',
  );
  assert.match(habitWords({ ...habit, decline: 'unknown' }, now), /^Too few/);
});

test('statuses in words', () => {
  /** @type {any} */
  const entry = { kind: 'consent', status: 'subscribed' };
  assert.equal(statusText(entry), 'agreed');
  assert.equal(statusText({ ...entry, kind: 'visit', status: 'left' }), '');
  assert.equal(statusText({ ...entry, kind: 'order', status: 'partially_refunded' }), 'partially refunded');
  assert.equal(tone('cancelled'), 'bad');
  assert.equal(tone(null), 'quiet');
});
