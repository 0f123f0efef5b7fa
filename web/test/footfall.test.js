import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, hourRows, peakWords, percent, scale, sortPlaces } from '../src/pages/footfall/numbers.js';
import { addDays, isDate, periodWords, shift, span, today, weekday } from '../src/pages/footfall/periods.js';

const WEEK = Array.from({ length: 7 }, (_, i) => addDays('2026-11-23', i));

/** A week with these visits; a finished one has a total. */
function week(visits, { complete = true, total } = {}) {
  const all = total ?? visits.reduce((sum, n) => sum + (n ?? 0), 0);
  return {
    period: 'week',
    complete,
    visits: all,
    by_day: WEEK.map((on, i) => ({ on, visits: visits[i] ?? null, people: null })),
  };
}

test('weeks begin on Monday and months have their own length', () => {
  assert.equal(weekday('2026-11-23'), 0);
  assert.deepEqual(span('week', '2026-11-29'), { from: '2026-11-23', to: '2026-11-29' });
  assert.deepEqual(span('week', '2026-01-01'), { from: '2025-12-29', to: '2026-01-04' });
  assert.deepEqual(span('month', '2028-02-11'), { from: '2028-02-01', to: '2028-02-29' });
  assert.deepEqual(span('day', '2026-11-27'), { from: '2026-11-27', to: '2026-11-27' });
});

test('back and forward stay in the calendar', () => {
  assert.equal(shift('day', '2026-03-01', -1), '2026-02-28');
  assert.equal(shift('week', '2026-12-31', 1), '2027-01-07');
  assert.equal(shift('month', '2026-01-31', 1), '2026-02-01');
  assert.equal(shift('month', '2026-01-31', -1), '2025-12-01');
});

test('a period is named as people name it', () => {
  assert.equal(periodWords('day', '2026-11-27'), 'Friday 27 November 2026');
  assert.equal(periodWords('week', '2026-11-27'), '23 to 29 November 2026');
  assert.equal(periodWords('week', '2026-12-01'), '30 November to 6 December 2026');
  assert.equal(periodWords('month', '2026-11-27'), 'November 2026');
});

test('today is the mall’s own day', () => {
  const lateInLondon = Date.parse('2026-11-27T23:30:00Z');
  assert.equal(today('Europe/London', lateInLondon), '2026-11-27');
  assert.equal(today('Europe/Berlin', lateInLondon), '2026-11-28');
  assert.equal(today('America/New_York', lateInLondon), '2026-11-27');
});

test('only real dates are taken from the address', () => {
  assert.ok(isDate('2026-11-27'));
  for (const wrong of ['27.11.2026', '2026-13-40', '', null]) assert.ok(!isDate(wrong), String(wrong));
});

test('finished weeks are compared as a whole', () => {
  const before = week([100, 100, 100, 100, 100, 100, 100]);
  assert.equal(compare(week([112, 112, 112, 112, 112, 112, 112]), before), '12 % more than the week before (700).');
  assert.equal(compare(week([50, 50, 50, 50, 50, 50, 50]), before), '50 % fewer than the week before (700).');
  assert.equal(compare(before, before), 'As many as the week before (700).');
  assert.equal(compare(week([300, 300, 300, 300, 300, 300, 300]), before), '3.0 times the week before (700).');
});

test('a week in progress is held against the same days', () => {
  const now = week([110, 110, null, null, null, null, null], { complete: false });
  const before = week([100, 100, 900, 900, 900, 900, 900]);
  assert.equal(compare(now, before), '10 % more than the same days of the week before (200).');
});

test('what cannot be compared is not compared', () => {
  const now = week([100, 100, 100, 100, 100, 100, 100]);
  const two = week([0, 0, 0, 0, 0, 300, 300]);
  assert.equal(compare(now, two), 'No fair comparison: the week before was counted on only 2 of these 7 days.');
  assert.equal(compare(now, week([0, 0, 0, 0, 0, 0, 0])), 'Nothing was counted on these days of the week before.');
  assert.equal(compare({ ...now, visits: null }, two), '');
  const day = (visits) => ({
    period: 'day',
    complete: true,
    visits,
    by_day: [{ on: '2026-11-27', visits, people: null }],
  });
  assert.equal(compare(day(20), day(null)), 'The day before is not told.');
  assert.equal(compare(day(20), day(0)), 'Nothing was counted the day before.');
});

test('hours are rows of days and the peak has words', () => {
  const hours = Array.from({ length: 168 }, (_, i) => i);
  assert.deepEqual(hourRows(hours)[6].slice(-1), [167]);
  assert.equal(peakWords({ weekday: 3, hour: 17 }), 'Thursday, 17:00 to 18:00');
  assert.equal(peakWords({ weekday: 6, hour: 23 }), 'Sunday, 23:00 to 00:00');
  assert.equal(peakWords(null), '–');
  assert.equal(percent(0.126), '13 %');
});

test('steps of colour reach from nothing to the largest', () => {
  const { step, words } = scale([0, null, 11, 60]);
  assert.deepEqual([0, 11, 20, 21, 60].map(step), [0, 1, 1, 2, 5]);
  assert.deepEqual(words, ['11–20', '21–30', '31–40', '41–50', '51–60']);
  assert.deepEqual(scale([null, 0]).words, []);
  assert.deepEqual(scale([12, 13]).words, ['12', '13']);
  assert.equal(scale([12]).step(12), 1);
});

test('places are sorted by any column, what is not told comes last', () => {
  const place = (name, visits, peak = null) => ({ name, visits, peak });
  const places = [
    place('B', null),
    place('A', 10, { weekday: 1, hour: 2 }),
    place('C', 30),
    place('D', 30, { weekday: 0, hour: 9 }),
  ];
  const names = (key, descending) => sortPlaces(places, key, descending).map(({ name }) => name);
  assert.deepEqual(names('visits', true), ['C', 'D', 'A', 'B']);
  assert.deepEqual(names('visits', false), ['A', 'C', 'D', 'B']);
  assert.deepEqual(names('name', false), ['A', 'B', 'C', 'D']);
  assert.deepEqual(names('peak', false), ['D', 'A', 'B', 'C']);
});
