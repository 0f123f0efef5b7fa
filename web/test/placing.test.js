import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corners, placement } from '../src/placing.js';

const near = (found, wanted) => found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-9, `${found}`));

test('two points place a picture that is neither turned nor shifted oddly', () => {
  const placed = placement({ pixel: [0, 100], at: [0, 0] }, { pixel: [200, 100], at: [100, 0] });
  assert.equal(placed.metresPerPixel, 0.5);
  assert.equal(placed.turn, 0);
  near(placed.toFrame([0, 0]), [0, 50]);
  assert.deepEqual(corners(placed, 200, 100), [
    [0, 50],
    [100, 50],
    [100, 0],
    [0, 0],
  ]);
});

test('a turned picture: both points hit, right angles stay, and back again', () => {
  const placed = placement({ pixel: [10, 20], at: [3, 4] }, { pixel: [110, 20], at: [3, 54] });
  near(placed.toFrame([10, 20]), [3, 4]);
  near(placed.toFrame([110, 20]), [3, 54]);
  near([placed.turn], [90]);
  // up in the picture is left in a frame that turned a quarter counter-clockwise
  near(placed.toFrame([10, 10]), [-2, 4]);
  near(placed.toPixel(placed.toFrame([33, 77])), [33, 77]);
});

test('points on top of each other place nothing', () => {
  assert.equal(placement({ pixel: [5, 5], at: [0, 0] }, { pixel: [6, 6], at: [50, 0] }), null);
  assert.equal(placement({ pixel: [5, 5], at: [0, 0] }, { pixel: [500, 6], at: [0, 0.1] }), null);
  assert.equal(placement({ pixel: [5, 5], at: [0, 0] }, { pixel: [500, 6], at: [NaN, 1] }), null);
});
