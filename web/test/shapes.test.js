import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, join } from '../src/clip.js';
import { area } from '../src/geo.js';
import {
  addCorner,
  boxOf,
  boxShape,
  centroid,
  circle,
  removeCorner,
  removeRing,
  rotate,
  setCorner,
  square,
} from '../src/shapes.js';

/** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
const rect = (x0, y0, x1, y1) => ({
  type: 'Polygon',
  coordinates: [
    [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ],
  ],
});
const sorted = (ring) => ring.map(String).sort();

test('a cut inside makes a hole, a cut through makes two parts, a cut of everything leaves nothing', () => {
  const zone = rect(0, 0, 10, 6);
  const holed = cut(zone, rect(2, 2, 4, 4));
  assert.equal(holed.coordinates.length, 2);
  assert.equal(area(holed), 56);
  const halves = cut(zone, rect(4, -1, 6, 7));
  assert.equal(halves.type, 'MultiPolygon');
  assert.equal(area(halves), 48);
  assert.equal(cut(zone, rect(-1, -1, 11, 7)), null);
});

test('a cut circle becomes a polygon and loses just the cut', () => {
  const half = cut(circle([0, 0], 10), rect(-20, -20, 20, 0));
  assert.equal(half.type, 'Polygon');
  assert.ok(Math.abs(area(half) - (48 / 2) * 100 * Math.sin((2 * Math.PI) / 48) * 0.5) < 0.1);
});

test('a part that touches grows the zone, one apart is a second part', () => {
  assert.deepEqual(
    sorted(join(rect(0, 0, 4, 4), rect(2, 0, 8, 4)).coordinates[0]),
    sorted(rect(0, 0, 8, 4).coordinates[0]),
  );
  assert.equal(join(rect(0, 0, 4, 4), rect(6, 0, 8, 4)).type, 'MultiPolygon');
});

test('corners are set, added and removed; a hole goes with its third corner, an outline stays', () => {
  const zone = cut(rect(0, 0, 10, 10), {
    type: 'Polygon',
    coordinates: [
      [
        [2, 2],
        [4, 2],
        [3, 4],
      ],
    ],
  });
  assert.deepEqual(setCorner(zone, [0, 0, 0], [-1, -1.005]).coordinates[0][0], [-1, -1]);
  assert.deepEqual(addCorner(rect(0, 0, 4, 4), [0, 0, 3]).coordinates[0][4], [0, 2]);
  assert.equal(removeCorner(zone, [0, 1, 0]).coordinates.length, 1);
  const triangle = removeCorner(rect(0, 0, 4, 4), [0, 0, 1]);
  assert.equal(triangle.coordinates[0].length, 3);
  assert.equal(removeCorner(triangle, [0, 0, 0]), null);
  assert.equal(removeRing(triangle, 0, 0), null);
});

test('turning keeps area and centre of gravity, and back again is where it was', () => {
  const zone = cut(rect(0, 0, 12, 4), rect(8, 2, 13, 5));
  const turned = rotate(zone, 30);
  assert.ok(Math.abs(area(turned) - area(zone)) < 0.1);
  assert.ok(Math.hypot(...centroid(turned).map((v, i) => v - centroid(zone)[i])) < 0.01);
  assert.deepEqual(rotate(rotate(zone, 90, [0, 0]), -90, [0, 0]).coordinates, zone.coordinates);
});

test('a rectangle is known by its width, height and turn, whichever corner comes first', () => {
  const box = { centre: [5, 5], width: 8, height: 3, turn: 20 };
  const shape = boxShape(box);
  for (const shift of [0, 1, 2, 3]) {
    const ring = shape.coordinates[0];
    const found = boxOf({ type: 'Polygon', coordinates: [[...ring.slice(shift), ...ring.slice(0, shift)]] });
    assert.ok(Math.abs(found.width - 8) < 0.02 && Math.abs(found.height - 3) < 0.02, JSON.stringify(found));
    assert.ok(Math.abs(found.turn - 20) < 0.2);
  }
  assert.equal(boxOf(cut(rect(0, 0, 4, 4), rect(1, 1, 2, 2))), null);
  assert.equal(boxOf(setCorner(rect(0, 0, 4, 4), [0, 0, 0], [-1, 0])), null);
});

test('square corners lays edges on the mall’s axes and leaves a slanted one slanted', () => {
  const sloppy = {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0.2],
        [10, -0.2],
        [10.3, 6],
        [6, 10],
        [-0.3, 10],
      ],
    ],
  };
  const [a, b, c, d, e] = square(sloppy).coordinates[0];
  assert.equal(a[1], b[1]);
  assert.equal(b[0], c[0]);
  assert.equal(d[1], e[1]);
  assert.equal(e[0], a[0]);
  assert.ok(c[0] > d[0] && c[1] < d[1]);
  const tilted = square(rotate(setCorner(rect(0, 0, 20, 8), [0, 0, 2], [20.4, 8.2]), 25));
  assert.ok(boxOf(tilted), JSON.stringify(tilted));
});
