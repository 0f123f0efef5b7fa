import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, makeFrame, nextWalk } from '../src/dots.js';
import { COLOURS, makeDisc, makeSprites, paint, stamp } from '../src/engine/dots_pixels.js';

const rgba = (word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255, word >>> 24];

test('a disc has its colour in the middle, a white rim and clear corners', () => {
  const { size, pixels } = makeDisc(4.5, 1.5, COLOURS.open, 1);
  const middle = (size * size - 1) / 2;
  assert.deepEqual(rgba(pixels[middle]), [...COLOURS.open, 255]);
  assert.deepEqual(rgba(pixels[middle + 5]).slice(0, 3), [255, 255, 255]);
  assert.equal(pixels[0], 0);
  assert.equal(rgba(makeDisc(4.5, 1.5, COLOURS.open, 0.5).pixels[middle])[3], 128);
});

test('a stamp is cut at the edges, and the more opaque pixel stays', () => {
  const image = new Uint32Array(4 * 3);
  const dot = { size: 3, pixels: new Uint32Array(9).fill(0xff0000aa) };
  for (const [x, y] of [
    [0, 0],
    [9, 1],
    [-5, 1],
    [3, 2],
  ])
    stamp(image, 4, dot, x, y);
  const set = [...image].map(Boolean).map(Number);
  assert.deepEqual(set, [1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]);
  stamp(image, 4, { size: 3, pixels: new Uint32Array(9).fill(0x80ffffff) }, 1, 1);
  assert.equal(image[0], 0xff0000aa);
  assert.equal(image[2], 0x80ffffff);
});

test('everyone is painted where the affine says, and what was there before is gone', () => {
  const frame = makeFrame(2);
  frame.to.set([0, 0, 10, 5]);
  frame.ids.set([1n, 2n]);
  frame.open.set([1, 0]);
  const walk = nextWalk(NOBODY, frame, 0, true);
  const view = { width: 60, height: 40, ratio: 1, affine: [2, 0, 0, -2, 20, 30] };
  const image = new Uint32Array(60 * 40).fill(0xffffffff);
  paint(image, view, makeSprites(1), walk, 0);
  assert.deepEqual(rgba(image[30 * 60 + 20]), [...COLOURS.open, 255]);
  assert.deepEqual(rgba(image[20 * 60 + 40]), [...COLOURS.closed, 255]);
  assert.equal(image[0], 0);
});
