import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, everyone, isMoving, makeFrame, nearest, nextWalk } from '../src/dots.js';

/** Shoppers as [id, x, y]. */
function frame(...rows) {
  const made = makeFrame(rows.length);
  rows.forEach(([id, x, y], i) => {
    made.ids[i] = BigInt(id);
    made.to.set([x, y], 2 * i);
    made.accuracy[i] = 5;
    made.open[i] = id % 2;
  });
  return made;
}
const places = (walk, now) => Object.fromEntries(everyone(walk, now).map(({ id, at }) => [Number(`0x${id}`), at]));

test('between two frames everyone walks evenly, whatever their order in the frame', () => {
  const first = nextWalk(NOBODY, frame([1, 0, 0], [2, 10, 10]), 1000, false);
  assert.deepEqual(places(first, 1000), { 1: [0, 0], 2: [10, 10] });
  const second = nextWalk(first, frame([2, 20, 10], [1, 0, 4]), 1500, false);
  assert.deepEqual(places(second, 1500), { 1: [0, 0], 2: [10, 10] });
  assert.deepEqual(places(second, 1750), { 1: [0, 2], 2: [15, 10] });
  assert.deepEqual(places(second, 9000), { 1: [0, 4], 2: [20, 10] });
  // the next frame comes early: everyone goes on from where they are
  const third = nextWalk(second, frame([1, 0, 0], [2, 20, 20]), 1750, false);
  assert.deepEqual(places(third, 1750), { 1: [0, 2], 2: [15, 10] });
});

test('who is gone fades where they were, and is forgotten; who comes back is here again', () => {
  const first = nextWalk(NOBODY, frame([1, 0, 0], [2, 5, 5]), 1000, false);
  const gone = nextWalk(first, frame([1, 0, 0]), 2000, false);
  const seen = (now) => everyone(gone, now).map(({ id, opacity }) => [Number(`0x${id}`), opacity]);
  assert.deepEqual(seen(2350), [
    [1, 1],
    [2, 0.5],
  ]);
  assert.equal(isMoving(gone, 2350), true);
  assert.deepEqual(seen(2700), [[1, 1]]);
  assert.equal(isMoving(gone, 3100), false);
  const back = nextWalk(gone, frame([1, 0, 0], [2, 6, 6]), 2350, false);
  assert.deepEqual(places(back, 2350)[2], [5, 5]);
  assert.equal(everyone(back, 2350)[1].opacity, 1);
  assert.equal(nextWalk(gone, frame([1, 0, 0]), 2900, false).count, 1);
});

test('with less motion everyone is at once where the frame says, and nobody fades', () => {
  const first = nextWalk(NOBODY, frame([1, 0, 0], [2, 5, 5]), 1000, true);
  const second = nextWalk(first, frame([1, 8, 0]), 1500, true);
  assert.deepEqual(places(second, 1500), { 1: [8, 0] });
  assert.equal(isMoving(second, 1500), false);
});

test('the nearest within reach is found where it is on its way', () => {
  const first = nextWalk(NOBODY, frame([1, 0, 0], [0xabc, 10, 0]), 1000, false);
  const second = nextWalk(first, frame([1, 10, 0], [0xabc, 20, 0]), 2000, false);
  assert.deepEqual(nearest(second, [5.5, 0], 1, 2500), {
    id: '0000000000000001',
    at: [5, 0],
    accuracy: 5,
    open: true,
    opacity: 1,
  });
  assert.equal(nearest(second, [14.5, 0], 1, 2500)?.id, '0000000000000abc');
  assert.equal(nearest(second, [10, 0], 1, 2500), null);
});
