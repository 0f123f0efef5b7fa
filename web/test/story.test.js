/** The story of an explanation: what was believed at any moment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeStory, nextStop, shapeAt, share, usualSpeed } from '../src/pages/explain/story.js';

const BASE = Date.parse('2026-11-28T12:00:00Z');
const time = (s) => new Date(BASE + s * 1000).toISOString();
const SHAPE = { version: 1, from: time(-9999), to: null, levels: [0], geometry: {} };

const zone = (id, over = {}) => ({ zone_id: id, name: id, needed: 0.5, shapes: [SHAPE], ...over });
const near = (id, confidence) => ({ zone_id: id, confidence, s_m: -1, share: 1, level_p: 1, phase: 'outside' });
const fix = (s, ...zones) => ({ at: time(s), zones, accuracy_m: 5, level: 0, floor: null });
const change = (s, id, phase, text = '') => ({ at: time(s), zone_id: id, phase, reason: phase, text });
const event = (s, id, kind) => ({ at: time(s), zone_id: id, kind, text: 'because' });

const TOLD = {
  fixes: [fix(0), fix(10, near('shop', 0.7)), fix(20, near('shop', 0.8)), fix(30)],
  zones: [zone('shop'), zone('quiet'), zone('doubtful')],
  changes: [
    change(10, 'shop', 'pending'),
    change(20, 'shop', 'inside', 'confirmed'),
    change(30, 'shop', 'leaving'),
    change(45, 'shop', 'outside', 'gone'),
  ],
  events: [event(20, 'shop', 'entered'), event(30, 'shop', 'exited')],
};

test('between positions the last one stands and only the clock moves what is believed', () => {
  const story = makeStory(TOLD);
  const phase = (s) => story.at(BASE + s * 1000).phases.get('shop')?.phase ?? 'outside';
  assert.deepEqual([0, 9, 10, 19, 20, 29, 31, 44, 46].map(phase), [
    'outside',
    'outside',
    'pending',
    'pending',
    'inside',
    'inside',
    'leaving',
    'leaving',
    'outside',
  ]);
  assert.deepEqual(
    [0, 12, 29, 50].map((s) => story.at(BASE + s * 1000).number),
    [0, 1, 2, 3],
  );
  assert.equal(story.at(BASE + 12_000).near.get('shop').confidence, 0.7);
  assert.equal(story.at(BASE + 35_000).near.size, 0);
});

test('it lasts until the last thing that is known', () => {
  const story = makeStory(TOLD);
  assert.deepEqual([story.start - BASE, story.end - BASE], [0, 46_000]);
  assert.equal(share(story, BASE + 23_000), 0.5);
  assert.equal(share(story, BASE - 1), 0);
});

test('lanes are for zones that something happened with, marked with what was recorded', () => {
  const { lanes } = makeStory({ ...TOLD, fixes: [...TOLD.fixes, fix(40, near('doubtful', 0.3))] });
  assert.deepEqual(
    lanes.map(({ zone: { zone_id: id } }) => id),
    ['shop', 'doubtful'],
  );
  assert.deepEqual(
    lanes[0].marks.map(({ at, kind }) => [at - BASE, kind]),
    [
      [20_000, 'entered'],
      [30_000, 'exited'],
    ],
  );
  assert.deepEqual(
    lanes[0].stretches.map(({ phase }) => phase),
    ['outside', 'pending', 'inside', 'leaving', 'outside'],
  );
});

test('what was so before the first position is so from the beginning', () => {
  const story = makeStory({ ...TOLD, changes: [change(-300, 'shop', 'inside', 'known')], events: [] });
  assert.equal(story.at(BASE).phases.get('shop').phase, 'inside');
  assert.deepEqual(story.lanes[0].stretches, [{ from: BASE, to: story.end, phase: 'inside', text: 'known' }]);
});

test('the steps are positions and changes', () => {
  const story = makeStory(TOLD);
  assert.equal(nextStop(story, BASE, 1) - BASE, 10_000);
  assert.equal(nextStop(story, BASE + 30_000, 1) - BASE, 45_000);
  assert.equal(nextStop(story, BASE + 45_000, 1), story.end);
  assert.equal(nextStop(story, BASE + 45_000, -1) - BASE, 30_000);
  assert.equal(nextStop(story, BASE, -1), story.start);
});

test('the outline is that of the time', () => {
  const first = { ...SHAPE, from: time(0), to: time(10) };
  const second = { ...SHAPE, version: 2, from: time(10) };
  const moved = zone('shop', { shapes: [first, second] });
  assert.equal(shapeAt(moved, BASE - 1), null);
  assert.equal(shapeAt(moved, BASE + 9_000).version, 1);
  assert.equal(shapeAt(moved, BASE + 10_000).version, 2);
});

test('without positions there is no story', () => {
  assert.equal(makeStory({ ...TOLD, fixes: [] }), null);
});

test('playing takes as long as people look', () => {
  const speeds = [1, 5, 10, 30, 60];
  assert.equal(usualSpeed({ start: 0, end: 20_000 }, speeds), 1);
  assert.equal(usualSpeed({ start: 0, end: 300_000 }, speeds), 30);
  assert.equal(usualSpeed({ start: 0, end: 7_200_000 }, speeds), 60);
});
