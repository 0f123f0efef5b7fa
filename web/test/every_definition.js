/**
 * Prints what the builder's rows can make of a condition: every kind and quick condition, with every choice of its
 * dropdowns and every narrowing, three changes deep. tests/unit/test_segment_builder.py holds them against the language.
 */
import { KINDS, partsOf } from '../src/pages/segments/kinds/index.js';
import { PRESETS } from '../src/pages/segments/presets.js';
import { worldOf } from '../src/pages/segments/world.js';

/** @typedef {import('../src/pages/segments/tree.js').Condition} Condition */

const DEEP = 3;
const ID = '00000000-0000-4000-8000-000000000001';
const things = [{ id: ID, name: 'One' }];
const choices = (/** @type {string[]} */ ...values) => values.map((value) => ({ value, label: value }));
const WORLD = worldOf(
  {
    currency: 'CHF',
    traits: [],
    events: [],
    categories: [],
    brands: [],
    stores: things,
    malls: things,
    zones: [{ ...things[0], kind: 'store' }],
    campaigns: things,
    segments: things,
    lists: things,
    zone_kinds: choices('store', 'corridor'),
    channels: choices('push', 'email'),
    purposes: choices('marketing', 'service'),
    consent_states: choices('subscribed', 'none'),
    stages: choices('new', 'at_risk'),
    declines: choices('none', 'marked'),
  },
  { storeId: null, segmentId: null },
);

/** What is still open is filled in, as somebody would. @param {Condition} condition @returns {Condition} */
function filled(condition) {
  for (const { type, needed, options, value, set } of partsOf(condition, WORLD).parts) {
    if (!set || !needed) continue;
    const isOpen = value === null || value === undefined || value === '';
    if (type === 'choice' && !options?.some(([key]) => key === String(value ?? ''))) {
      return filled(set(condition, options?.[0][0]));
    }
    if (isOpen && type === 'text') return filled(set(condition, 'abc'));
    if (isOpen && type === 'number') return filled(set(condition, 1_000_000));
  }
  return condition;
}

/** @type {Map<string, Condition>} */
const found = new Map();

/** @param {Condition} condition @param {number} depth */
function walk(condition, depth) {
  const key = JSON.stringify(condition);
  if (found.has(key) || depth > DEEP) return;
  found.set(key, filled(condition));
  const { parts, narrow } = partsOf(condition, WORLD);
  for (const { type, options, set, drop } of parts) {
    if (type === 'choice' && set) for (const [value] of options ?? []) walk(set(condition, value), depth + 1);
    if (drop) walk(drop(condition), depth + 1);
  }
  for (const { add } of narrow) walk(add(condition), depth + 1);
}

for (const { start } of Object.values(KINDS)) walk(start(), 0);
for (const { make } of PRESETS) walk(make(WORLD), 0);
console.log(JSON.stringify([...found.values()]));
