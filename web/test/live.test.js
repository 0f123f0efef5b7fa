import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFrame } from '../src/live.js';

function frame(dots, magic = 'GEO1') {
  const view = new DataView(new ArrayBuffer(16 + dots.length * 20));
  [...magic].forEach((letter, i) => view.setUint8(i, letter.charCodeAt(0)));
  view.setUint32(4, dots.length, true);
  view.setFloat64(8, 1795392000.5, true);
  dots.forEach((dot, i) => {
    const o = 16 + i * 20;
    view.setInt32(o, dot.lon * 1e7, true);
    view.setInt32(o + 4, dot.lat * 1e7, true);
    view.setBigUint64(o + 8, dot.id, true);
    view.setUint16(o + 16, dot.accuracy * 10, true);
    view.setUint8(o + 18, dot.level + 128);
    view.setUint8(o + 19, dot.flags);
  });
  return view.buffer;
}

test('a frame is read field by field', () => {
  const read = parseFrame(
    frame([
      { lon: -12.5, lat: 51.25, id: 0xabcn, accuracy: 7.5, level: -1, flags: 1 },
      { lon: 8.25, lat: -0.5, id: 2n ** 64n - 1n, accuracy: 12, level: -1, flags: 0 },
    ]),
  );
  assert.equal(read?.count, 2);
  assert.deepEqual([...read.lonLat], [-12.5, 51.25, 8.25, -0.5]);
  assert.deepEqual([...read.ids], [0xabcn, 2n ** 64n - 1n]);
  assert.deepEqual([...read.accuracy], [7.5, 12]);
  assert.deepEqual([...read.open], [1, 0]);
});

test('what is not a frame is refused', () => {
  assert.equal(parseFrame(new ArrayBuffer(3)), null);
  assert.equal(parseFrame(frame([], 'NOPE')), null);
  assert.equal(parseFrame(frame([{ lon: 0, lat: 0, id: 1n, accuracy: 1, level: 0, flags: 0 }]).slice(0, 30)), null);
});
