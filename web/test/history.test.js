import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeHistory } from '../src/history.js';

test('undo and redo walk through what was pushed', () => {
  const history = makeHistory({ n: 0 });
  history.push({ n: 1 });
  history.push({ n: 2 });
  assert.deepEqual(history.undo(), { n: 1 });
  assert.deepEqual(history.undo(), { n: 0 });
  assert.deepEqual(history.undo(), { n: 0 });
  assert.equal(history.canUndo(), false);
  assert.deepEqual(history.redo(), { n: 1 });
  assert.equal(history.canRedo(), true);
});

test('a new value after an undo forgets the redone branch', () => {
  const history = makeHistory('a');
  history.push('b');
  history.undo();
  history.push('c');
  assert.equal(history.canRedo(), false);
  assert.equal(history.current(), 'c');
});

test('the same value twice is one step', () => {
  const history = makeHistory([1]);
  assert.equal(history.push([1]), false);
  assert.equal(history.canUndo(), false);
});

test('values handed out are copies', () => {
  const history = makeHistory({ ring: [1] });
  history.current().ring.push(2);
  assert.deepEqual(history.current(), { ring: [1] });
});
