/** Editing the tree of conditions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tree from '../src/pages/segments/tree.js';

const A = { kind: 'reachable', channel: 'push', purpose: 'marketing' };
const B = { kind: 'in_list', list_id: 'b' };
const C = { kind: 'in_segment', segment_id: 'c' };
const NOT_B = { kind: 'not', of: B };

test('a definition opens as a group, whatever it is', () => {
  assert.deepEqual(tree.forEditing(null), { kind: 'all', of: [] });
  assert.deepEqual(tree.forEditing(A), { kind: 'all', of: [A] });
  assert.deepEqual(tree.forEditing({ kind: 'any', of: [A, B] }), { kind: 'any', of: [A, B] });
  const none = { kind: 'not', of: { kind: 'any', of: [A, B] } };
  assert.deepEqual(tree.forEditing(none), { kind: 'all', of: [none] });
});

test('edits make a new tree and leave the old one', () => {
  const root = tree.forEditing({ kind: 'all', of: [A, { kind: 'not', of: { kind: 'any', of: [NOT_B, C] } }] });
  const before = structuredClone(root);
  assert.deepEqual(tree.at(root, [1, 0]), NOT_B);
  assert.deepEqual(tree.at(tree.negated(root, [1, 0]), [1, 0]), B);
  assert.deepEqual(tree.at(tree.negated(root, [0]), [0]), { kind: 'not', of: A });
  assert.deepEqual(tree.at(tree.replaced(root, [1, 0], C), [1, 0]), { kind: 'not', of: C });
  assert.deepEqual(tree.at(tree.added(root, [1], A), [1, 2]), A);
  assert.deepEqual(tree.added(root, [], B).of.length, 3);
  assert.deepEqual(tree.removed(root, [1]).of, [A]);
  assert.deepEqual(tree.at(tree.removed(root, [1, 0]), [1]), { kind: 'not', of: { kind: 'any', of: [C] } });
  assert.equal(tree.joined(root, [], 'any').kind, 'any');
  assert.deepEqual(tree.bare(tree.at(tree.joined(root, [1], 'all'), [1])), {
    isNot: true,
    inner: { kind: 'all', of: [NOT_B, C] },
  });
  assert.deepEqual(tree.at(tree.grouped(root, [0]), [0]), { kind: 'any', of: [A] });
  assert.deepEqual(tree.ungrouped(root, [1]).of, [A, NOT_B, C]);
  assert.deepEqual(root, before);
});

test('conditions and depth are counted as the server counts them', () => {
  const root = { kind: 'all', of: [A, { kind: 'not', of: { kind: 'any', of: [NOT_B, C] } }] };
  assert.deepEqual(tree.leaves(root), [
    { path: [0], leaf: A },
    { path: [1, 0], leaf: B },
    { path: [1, 1], leaf: C },
  ]);
  assert.equal(tree.size(root), 7);
  assert.equal(tree.depth(A), 1);
  assert.equal(tree.depth(root), 5); // all, not, any, not, B
});

test('what is sent has no empty group and no group of one', () => {
  assert.equal(tree.tidy({ kind: 'all', of: [{ kind: 'any', of: [] }] }), null);
  assert.deepEqual(tree.tidy({ kind: 'all', of: [{ kind: 'any', of: [A] }] }), A);
  assert.deepEqual(tree.tidy({ kind: 'not', of: { kind: 'all', of: [NOT_B] } }), B);
  const both = { kind: 'any', of: [A, NOT_B] };
  assert.deepEqual(tree.tidy({ kind: 'all', of: [both, { kind: 'all', of: [] }] }), both);
});

test('the order of keys and what is null make no difference', () => {
  assert.ok(tree.same({ kind: 'x', a: 1, b: null }, { a: 1, kind: 'x' }));
  assert.ok(!tree.same([A, B], [B, A]));
});

test('a complaint is about the condition that its pointer names', () => {
  const sent = { kind: 'all', of: [A, { kind: 'not', of: { kind: 'any', of: [NOT_B, C] } }] };
  assert.equal(tree.pointed(sent, '#/definition/of/0/channel'), A);
  assert.equal(tree.pointed(sent, '#/definition/of/1/of/of/1/segment_id'), C);
  assert.equal(tree.pointed(sent, '#/definition/of/1/of/of/0/of'), B);
  assert.equal(tree.pointed(sent, '#/definition'), sent);
  assert.equal(tree.pointed(A, '#/name'), A);
});
