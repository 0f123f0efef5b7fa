/** The catalogues of the owner's page: all say the same things, with the same values, in each plural of their language. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const FOLDER = new URL('../shop/words/', import.meta.url);
const TAGS = { sr: 'sr-Latn' };
const languages = readdirSync(FOLDER).map((file) => file.replace('.json', ''));
const read = (language) => JSON.parse(readFileSync(new URL(`${language}.json`, FOLDER), 'utf8'));
const english = read('en');
const values = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('there are the languages that the page offers', () => {
  const source = readFileSync(new URL('../shop/words.js', import.meta.url), 'utf8');
  const offered = [...source.matchAll(/words\/(\w+)\.json'/g)].map(([, name]) => name);
  assert.deepEqual(languages, offered.sort());
});

for (const language of languages) {
  test(`${language} says all that English says`, () => {
    const words = read(language);
    assert.deepEqual(Object.keys(words), Object.keys(english));
    const plurals = new Intl.PluralRules(TAGS[language] ?? language).resolvedOptions().pluralCategories.sort();
    for (const [key, text] of Object.entries(words)) {
      const meant = english[key];
      assert.equal(typeof text, typeof meant, key);
      if (typeof text === 'string') assert.deepEqual(values(text), values(meant), key);
      else {
        assert.deepEqual(Object.keys(text).sort(), plurals, key);
        for (const [plural, each] of Object.entries(text))
          assert.deepEqual(values(each), values(meant.other), `${key} ${plural}`);
      }
      assert.ok(language === 'en' || ['scan', 'people', 'coupon'].includes(key) || text !== meant, `${key} is English`);
    }
  });
}

test('every text that the page asks for is there, and none that it never asks for', () => {
  const files = readdirSync(new URL('../shop/', import.meta.url)).filter((name) => name.endsWith('.js'));
  const source = files.map((name) => readFileSync(new URL(`../shop/${name}`, import.meta.url), 'utf8')).join('\n');
  const asked = new Set([...source.matchAll(/\b(?:t|counted)\(\s*'([\w.]+)'/g)].map(([, key]) => key));
  for (const key of asked) assert.ok(key in english, key);
  const made = ['mood.', 'than.', 'why.', 'who.', 'stop.', 'reason.', 'came.', 'new.', 'sent.', 'closed.', 'state.'];
  const tabs = ['today', 'offer', 'replies', 'coupon'];
  for (const key of Object.keys(english))
    assert.ok(
      asked.has(key) ||
        tabs.includes(key) ||
        made.some((start) => key.startsWith(start)) ||
        source.includes(`'${key}'`),
      key,
    );
});
