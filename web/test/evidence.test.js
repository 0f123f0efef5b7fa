import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bssidFlaw,
  bssidText,
  halfFlaw,
  identityText,
  reachText,
  readBeacon,
  uuidFlaw,
  uuidText,
} from '../src/pages/map/evidence_words.js';

const UUID = 'f7826da6-4fa2-4e98-8024-bc5b71e0893e';

test('a UUID is judged while it is typed, and harder when it is done', () => {
  assert.equal(uuidText('F7826DA64FA24E988024BC5B71E0893E'), UUID);
  assert.equal(uuidText(null), '');
  for (const text of ['', 'f78', 'f7826da6-', UUID, UUID.toUpperCase()]) assert.equal(uuidFlaw(text, false), null);
  assert.match(uuidFlaw('f78zz', false) ?? '', /letters a to f/);
  assert.match(uuidFlaw(`${UUID}0`, false) ?? '', /these are 33/);
  assert.match(uuidFlaw('f7826da6', true) ?? '', /24 are missing/);
  assert.match(uuidFlaw('', true) ?? '', /needed/);
  assert.equal(uuidFlaw(` ${UUID} `, true), null);
});

test('major and minor are two bytes', () => {
  assert.equal(halfFlaw('', false), null);
  for (const text of ['0', '65535', ' 7 ']) assert.equal(halfFlaw(text, true), null);
  for (const text of ['65536', '-1', '1.5', '0x1']) assert.match(halfFlaw(text, false) ?? '', /whole number/);
  assert.match(halfFlaw('', true) ?? '', /0 to 65535/);
});

test('a BSSID comes in many ways', () => {
  for (const text of ['AA-BB-CC-DD-EE-0F', 'aabb.ccdd.ee0f'.replaceAll('.', ''), 'aa:bb:cc:dd:ee:f', 'AABBCCDDEE0F'])
    assert.equal(bssidText(text), 'aa:bb:cc:dd:ee:0f');
  assert.equal(bssidText('aab'), 'aa:b');
  assert.equal(bssidText('xyz'), 'xyz');
  assert.equal(bssidFlaw('aa:bb', false), null);
  assert.match(bssidFlaw('aa:bb', true) ?? '', /8 are missing/);
  assert.match(bssidFlaw('aa:bb:cc:dd:ee:ff:00', false) ?? '', /these are 14/);
  assert.match(bssidFlaw('gg', false) ?? '', /six pairs/);
});

test('a whole beacon is read out of what was pasted', () => {
  const beacon = { uuid: UUID, major: 258, minor: 7 };
  for (const text of [
    `${UUID}, 258, 7`,
    `${UUID.toUpperCase()}\t258\t7`,
    `${UUID.replaceAll('-', '')} major: 258 minor: 7`,
    '02 01 06 1A FF 4C 00 02 15 F7 82 6D A6 4F A2 4E 98 80 24 BC 5B 71 E0 89 3E 01 02 00 07 C5',
    '0x4C000215F7826DA64FA24E988024BC5B71E0893E01020007C5',
  ])
    assert.deepEqual(readBeacon(text), beacon, text);
  for (const text of ['', UUID, `${UUID}, 1`, `${UUID}, 1, 70000`, 'hello, 1, 2']) assert.equal(readBeacon(text), null);
});

test('a point in words', () => {
  assert.equal(
    identityText({ kind: 'beacon', uuid: UUID.replaceAll('-', ''), major: 1, minor: 7 }),
    'f7826da6…\u00a0·\u00a01\u00a0·\u00a07',
  );
  assert.equal(identityText({ kind: 'check_in', code: 'K7Q2' }), 'K7Q2');
  assert.equal(reachText([]), 'reaches no zone');
  assert.equal(reachText([], 'beacon'), 'reaches no zone, only tells the level');
  const names = ['A', 'B', 'C', 'D', 'E'].map((name) => ({ name }));
  assert.equal(reachText(names.slice(0, 2)), 'reaches A, B');
  assert.equal(reachText(names), 'reaches A, B, C and 2 more');
});
