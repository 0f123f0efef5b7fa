import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answerWords,
  deliveryState,
  deliveryWords,
  hostOf,
  typesText,
  TYPES,
  webhookState,
  webhookTrouble,
} from '../src/pages/webhooks/words.js';

const NOW = Date.parse('2026-11-28T10:00:00Z');
/** @type {import('../src/pages/webhooks/words.js').Webhook} */
const WEBHOOK = {
  id: 'w',
  name: 'CRM',
  url: 'https://hooks.example.com/in?key=1',
  types: [],
  store_ids: null,
  with_people: false,
  status: 'active',
  disabled_reason: null,
  disabled_at: null,
  failures: 0,
  failing_since: null,
  delivered_at: '2026-11-28T09:59:00Z',
  position: 7,
  pending: 0,
  behind: 0,
  old_secret_until: null,
  version: 1,
  created_at: '2026-11-01T00:00:00Z',
};
/** @type {import('../src/pages/webhooks/words.js').Delivery} */
const DELIVERY = {
  message_id: 'msg_1',
  position: 7,
  type: 'zone.entered',
  status: 'pending',
  attempts: 0,
  next_at: '2026-11-28T10:05:00Z',
  planned_at: '2026-11-28T09:59:00Z',
  finished_at: null,
  tries: [],
};

test('an endpoint in words', () => {
  assert.deepEqual(webhookState(WEBHOOK, NOW), { text: 'works', tone: 'ok' });
  assert.equal(webhookState({ ...WEBHOOK, delivered_at: null }, NOW).text, 'nothing sent yet');
  const ill = { ...WEBHOOK, failing_since: '2026-11-28T09:50:00Z', failures: 3, pending: 1200, behind: 5 };
  assert.deepEqual(webhookState(ill, NOW), { text: 'fails since 09:50', tone: 'warn' });
  assert.match(webhookTrouble(ill) ?? '', /3 requests failed in a row\. 1,200 wait and more are behind them/);
  assert.equal(webhookTrouble(WEBHOOK), null);
  const dead = { ...ill, status: /** @type {const} */ ('disabled'), disabled_reason: /** @type {const} */ ('dead') };
  assert.equal(webhookState(dead, NOW).text, 'disabled');
  assert.match(webhookTrouble(dead) ?? '', /failed for three days/);
});

test('types, hosts and answers', () => {
  assert.equal(typesText([]), 'Everything');
  assert.equal(typesText(['a', 'b', 'c', 'd']), 'a, b, c, d');
  assert.equal(typesText(['a', 'b', 'c', 'd', 'e']), 'a, b, c and 2 more');
  assert.equal(hostOf(WEBHOOK.url), 'hooks.example.com');
  assert.equal(hostOf('nonsense'), 'nonsense');
  assert.equal(answerWords({ status: 200, took_ms: 1234, answer: 'thanks' }), '200 in 1,234 ms: thanks');
  assert.equal(answerWords({ status: 204, took_ms: 3, answer: '' }), '204 in 3 ms');
  assert.equal(answerWords({ status: null, took_ms: 3, answer: 'no answer in time' }), 'no answer: no answer in time');
  const all = TYPES.flatMap(([, choices]) => choices.map(([type]) => type));
  assert.equal(new Set(all).size, all.length);
});

test('a delivery in words', () => {
  assert.equal(deliveryWords(DELIVERY, NOW), 'not tried yet');
  assert.equal(deliveryState(DELIVERY).text, 'waits');
  const failing = { ...DELIVERY, attempts: 2 };
  assert.equal(deliveryState(failing).text, 'tries again');
  assert.equal(deliveryWords(failing, NOW), '2 tries, the next 28 Nov 2026, 10:05');
  assert.equal(deliveryWords({ ...failing, next_at: '2026-11-28T09:00:00Z' }, NOW), '2 tries, the next now');
  const done = {
    ...DELIVERY,
    status: /** @type {const} */ ('delivered'),
    attempts: 1,
    finished_at: '2026-11-28T09:59:00Z',
  };
  assert.equal(deliveryWords(done, NOW), '1 try, 1 min ago');
});
