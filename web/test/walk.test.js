import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_FIXES, makeWalk } from '../src/walk.js';

const phone = { accuracy: 8, level: 0 };
const gaps = ({ fixes }) => fixes.slice(1).map(({ s }, i) => s - fixes[i].s);

test('a long step becomes fixes two to five seconds apart at walking speed', () => {
  const walk = makeWalk([0, 0], phone);
  walk.go([24, 0], phone);
  assert.equal(walk.seconds(), 20);
  assert.deepEqual(
    walk.fixes.map(({ at }) => at[0]),
    [0, 6, 12, 18, 24],
  );
  assert.ok(gaps(walk).every((gap) => gap >= 2 && gap <= 5));
  walk.go([24, 0.5], { accuracy: 20, level: null });
  assert.deepEqual(walk.fixes.at(-1), { s: 22, at: [24, 0.5], accuracy: 20, level: null });
});

test('a stay is reported every five seconds, a long one less often', () => {
  const walk = makeWalk([3, 4], phone);
  walk.stay(10, phone);
  assert.deepEqual(gaps(walk), [5, 5]);
  walk.stay(600, phone);
  assert.equal(walk.seconds(), 610);
  assert.ok(Math.max(...gaps(walk)) <= 30);
  assert.ok(walk.fixes.every(({ at }) => at[0] === 3 && at[1] === 4));
});

test('no more fixes than the server takes: the beginning is forgotten', () => {
  const walk = makeWalk([0, 0], phone);
  for (let i = 1; i <= 700; i++) walk.go([i, 0], phone);
  assert.equal(walk.fixes.length, MOST_FIXES);
  assert.equal(walk.fixes[0].at[0], 101);
});
