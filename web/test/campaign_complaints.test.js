/** A complaint of the server about a campaign comes to the field that it is about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complain, placeOf } from '../src/pages/campaigns/editor/complaints.js';

test('the kinds that the server puts into a path are left out', () => {
  const cases = [
    ['#/name', '/name'],
    ['#/steps/0/message/title', '/steps/0/title'],
    ['#/steps/2/branch/then/0/message/body', '/steps/2/then/0/body'],
    ['#/steps/2/branch/when/event/name', '/steps/2/when/name'],
    ['#/steps/1/wait_until', '/steps/1'],
    ['#/steps/message-1/title', '/steps/message-1/title'],
    ['#/steps/branch-1/when/segment_id', '/steps/branch-1/when/segment_id'],
    ['#/audience/attribute/value', '/audience/value'],
    ['#/audience/segment_id', '/audience/segment_id'],
  ];
  for (const [pointer, place] of cases) assert.equal(placeOf(pointer), place);
  assert.equal(placeOf(), '');
});

test('each complaint is told at the nearest place, the rest are given back', () => {
  /** @type {Record<string, string | null>} */
  const said = {};
  const at = (/** @type {string} */ path) =>
    /** @type {[string, {setError: (text: string | null) => void}]} */ ([
      path,
      { setError: (text) => void (said[path] = text) },
    ]);
  const errors = [
    { pointer: '#/steps/0/message/title', detail: 'empty' },
    { pointer: '#/steps/0/message/push/link', detail: 'no link' },
    { pointer: '#/stepsister', detail: 'unknown' },
  ];
  const rest = complain(errors, [at('/steps/0'), at('/steps/0/title'), at('/name')]);
  assert.deepEqual(said, { '/steps/0': 'no link', '/steps/0/title': 'empty', '/name': null });
  assert.deepEqual(
    rest.map(({ detail }) => detail),
    ['unknown'],
  );
});
