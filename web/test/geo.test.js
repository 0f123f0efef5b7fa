import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  area,
  bounds,
  contains,
  labelSpot,
  makeFrame,
  perimeter,
  shapeFromGeoJson,
  shapeToGeoJson,
} from '../src/geo.js';

const frame = makeFrame({ origin: [12.439, 51.426], bearing_deg: 27 });
const square = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
    ],
  ],
};
const ring = {
  type: 'Polygon',
  coordinates: [
    ...square.coordinates,
    [
      [4, 4],
      [6, 4],
      [6, 6],
      [4, 6],
    ],
  ],
};

test('the frame turns clockwise by its bearing', () => {
  const eastward = makeFrame({ origin: [0, 0], bearing_deg: 90 });
  const [x, y] = eastward.toFrame([0.001, 0]);
  assert.ok(Math.abs(x) < 1e-6);
  assert.ok(Math.abs(y - 111.319) < 0.001);
});

test('a round trip through the world keeps a centimetre', () => {
  for (const point of [
    [0, 0],
    [110, -45],
    [-87.25, 33.3],
    [1500, 900],
  ]) {
    const back = frame.toFrame(frame.toWorld(point));
    assert.ok(Math.hypot(back[0] - point[0], back[1] - point[1]) < 0.01, `${point} -> ${back}`);
  }
});

test('GeoJSON comes out closed and counter-clockwise, holes clockwise', () => {
  const clockwise = { type: 'Polygon', coordinates: [[...square.coordinates[0]].reverse(), ring.coordinates[1]] };
  const [outer, hole] = shapeToGeoJson(frame, clockwise).coordinates;
  assert.deepEqual(outer[0], outer[outer.length - 1]);
  assert.ok(turn(outer) > 0);
  assert.ok(turn(hole) < 0);
});

test('a circle keeps its centre and radius', () => {
  const shape = shapeFromGeoJson(frame, { type: 'Point', coordinates: [12.439, 51.426] }, 20);
  assert.deepEqual(shape, { type: 'Point', coordinates: [0, 0], radius: 20 });
  assert.ok(Math.abs(area(shape) - Math.PI * 400) < 1e-9);
  assert.ok(contains(shape, [19, 0]) && !contains(shape, [21, 0]));
});

test('areas, outlines, boxes and insides count holes and parts', () => {
  assert.equal(area(ring), 96);
  assert.equal(perimeter(square), 40);
  assert.deepEqual(bounds([square, { type: 'Point', coordinates: [20, 5], radius: 1 }])?.slice(0, 2), [0, 0]);
  assert.equal(bounds([]), null);
  assert.ok(contains(ring, [1, 1]) && !contains(ring, [5, 5]) && !contains(ring, [11, 5]));
  const two = {
    type: 'MultiPolygon',
    coordinates: [
      square.coordinates,
      [
        [
          [20, 0],
          [30, 0],
          [30, 5],
          [20, 5],
        ],
      ],
    ],
  };
  assert.equal(area(two), 150);
  assert.ok(contains(two, [25, 2]));
});

test('a label goes where the shape is wide', () => {
  const foot = {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [30, 0],
        [30, 8],
        [10, 8],
        [10, 30],
        [0, 30],
      ],
    ],
  };
  const spot = labelSpot(foot);
  assert.ok(contains(foot, spot.at));
  assert.equal(spot.width, 30);
  assert.deepEqual(labelSpot(square).at, [5, 5]);
});

function turn(points) {
  let sum = 0;
  for (let i = 1; i < points.length; i++) {
    sum += points[i - 1][0] * points[i][1] - points[i][0] * points[i - 1][1];
  }
  return sum;
}
