/** A class that two stylesheets style by its bare name means two things: the later file wins on all pages. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const FOLDER = new URL('../src/styles/', import.meta.url);

test('a bare class has one home', () => {
  /** @type {Map<string, Set<string>>} */
  const homes = new Map();
  for (const file of readdirSync(FOLDER)) {
    for (const [, name] of readFileSync(new URL(file, FOLDER), 'utf8').matchAll(/^\.([\w-]+)(?= \{|,$)/gm)) {
      homes.set(name, (homes.get(name) ?? new Set()).add(file));
    }
  }
  assert.ok(homes.size > 100);
  const shared = [...homes].filter(([, files]) => files.size > 1).map(([name, files]) => `${name}: ${[...files]}`);
  assert.deepEqual(shared, []);
});

test('segments name colours by tokens only, so that a dark theme is a table of tokens', () => {
  for (const file of ['segments.css', 'segment_builder.css']) {
    assert.doesNotMatch(readFileSync(new URL(file, FOLDER), 'utf8'), /#[0-9a-f]{3,8}\b|rgb\(/, file);
  }
});
