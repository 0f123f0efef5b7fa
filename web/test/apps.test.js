import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServiceAccount } from '../src/pages/apps/service_account.js';
import { checkedWords, senderState } from '../src/pages/apps/words.js';

const ACCOUNT = {
  type: 'service_account',
  project_id: 'ahornhof',
  client_email: 'push@ahornhof.iam.gserviceaccount.com',
  private_key: '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n',
};

test('a service account is read', () => {
  const { read, flaw } = readServiceAccount(JSON.stringify(ACCOUNT));
  assert.equal(flaw, null);
  assert.equal(read?.project, 'ahornhof');
  assert.equal(read?.email, ACCOUNT.client_email);
});

test('what else people paste is told from it, and never quoted', () => {
  /** @type {[string, RegExp][]} */
  const cases = [
    ['not json', /not JSON/],
    [ACCOUNT.private_key, /key alone/],
    ['[]', /not a service account/],
    [JSON.stringify({ client: [], project_info: {} }), /google-services\.json/],
    [JSON.stringify({ apiKey: 'secret-42' }), /web app/],
    [JSON.stringify({ ...ACCOUNT, type: 'authorized_user' }), /another/],
    [JSON.stringify({ ...ACCOUNT, client_email: '' }), /lacks client_email/],
    [JSON.stringify({ ...ACCOUNT, private_key: 'secret-42' }), /cut off/],
  ];
  for (const [text, words] of cases) {
    const { read, flaw } = readServiceAccount(text);
    assert.equal(read, null);
    assert.match(flaw ?? '', words);
    assert.match(flaw ?? '', /Generate new private key/);
    assert.ok(!flaw?.includes('secret-42'));
  }
});

test('a sender in words', () => {
  const now = Date.parse('2026-11-28T10:00:00Z');
  const sender = {
    project_id: 'p',
    client_email: 'e',
    status: /** @type {const} */ ('fails'),
    since: '2026-11-28T09:12:00Z',
    checked_at: '2026-11-28T09:58:00Z',
    detail: null,
    paused_until: '2026-11-28T10:05:00Z',
  };
  assert.deepEqual(senderState(sender, now), { text: 'fails since 09:12', tone: 'bad' });
  assert.deepEqual(
    senderState({ ...sender, since: '2026-11-20T09:12:00Z' }, now).text,
    'fails since 20 Nov 2026, 09:12',
  );
  assert.equal(
    checkedWords(sender, now),
    'Checked 2 min ago. Google asked for a pause until 10:05; messages wait so long.',
  );
  assert.equal(checkedWords({ ...sender, checked_at: null, paused_until: null }, now), 'Never checked.');
});
