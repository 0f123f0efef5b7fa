/** The line of a segment's size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeWords, stepPath } from '../src/pages/segments/size_line.js';

const at = (/** @type {number} */ day) => `2026-11-0${day}T00:00:00Z`;
const BOX = { width: 40, height: 10, until: Date.parse(at(5)) };

test('a size stays until the next one', () => {
  const points = [
    { at: at(1), people: 10 },
    { at: at(3), people: 20 },
  ];
  assert.equal(stepPath(points, BOX), 'M0 5H20L20 0H40');
  assert.equal(sizeWords(points), '+10 since 1 Nov 2026, 00:00');
});

test('what is not told is a gap', () => {
  const points = [
    { at: at(1), people: 10 },
    { at: at(2), people: null },
    { at: at(3), people: 10 },
  ];
  assert.equal(stepPath(points, BOX), 'M0 0H10M20 0H40');
  assert.equal(stepPath([{ at: at(1), people: null }], BOX), '');
  assert.equal(sizeWords([{ at: at(1), people: 3 }]), 'no history yet');
});
