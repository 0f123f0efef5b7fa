import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientName, distance, left, levelName } from '../src/pages/connect/words.js';

test('distances as people say them', () => {
  const told = [8.2, 340, 999.4, 12_400, 99_940, 1_240_300].map(distance);
  assert.deepEqual(told, ['8 m', '340 m', '999 m', '12.4 km', '99.9 km', '1,240 km']);
});

test('what is left until a moment, never less than nothing', () => {
  const minute = 60_000;
  const told = [119 * minute, 60 * minute, 15 * minute, 61_000, 900, -5_000].map((ms) => left(ms, 0));
  assert.deepEqual(told, ['1 h 59 min', '1 h 0 min', '15:00', '1:01', '0:01', '0:00']);
});

test('levels and clients have words, unknown ones too', () => {
  assert.deepEqual([0, 2, -1, null].map(levelName), ['ground floor', 'level 2', 'basement 1', null]);
  assert.equal(clientName('owntracks-ios'), 'OwnTracks for iOS');
  assert.equal(clientName('something-new'), 'something-new');
  assert.equal(clientName(null), 'a phone');
});
