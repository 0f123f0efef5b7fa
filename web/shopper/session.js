/**
 * This browser as a device: registered or not, what was decided, what waits, what is in the inbox. Draws nothing;
 * whoever draws is told by `onChange`.
 *
 * What somebody decides holds here at once, also without a network, and is told to the server as soon as it can be.
 */

import { call, receipt, sendPings, sendReceipts, waiting } from './api.js';
import { TEXT_VERSION } from './consent.js';
import { ask, permission, track, watchPermission } from './position.js';
import { subscribe, unsubscribe } from './push.js';
import * as store from './store.js';

const LOOK_S = 10; // at the inbox, while somebody looks at the page
const REACTION_S = 1.5; // from a position to the message that it brings
const CONFIG_S = 300; // when the server does not say when to ask again
const SELDOM_S = 30; // somebody looks at the page: never more rarely than this
const RETRY_S = [2, 60]; // first and longest wait after a failure
const PERMISSIONS = { granted: 'while_in_use', denied: 'denied' };

/**
 * @typedef {object} State
 * @property {import('./types').AppInfo | null} app
 * @property {import('./types').Device | null} device
 * @property {import('./types').Consents} consents
 * @property {import('./types').Permission} permission of positions, in the browser
 * @property {boolean} tracking
 * @property {string | null} trouble why there is no position though there could be one
 * @property {import('./types').Ping | null} last
 * @property {{pings: number, receipts: number}} waiting
 * @property {number} dropped
 * @property {{at: number, rejected: string | null} | null} sent
 * @property {boolean} offline
 * @property {import('./types').InboxItem[]} inbox
 * @property {string | null} pushTrouble
 * @property {string | null} notice one line about what just happened
 * @property {boolean} far from every zone, says the server
 */

/** @type {State} */
export const state = fresh();
/** @type {() => void} */
let changed = () => {};
/** @type {(() => void) | null} */
let stopTracking = null;
/** @type {Promise<void> | null} */
let syncing = null;
let again = false;
let leaving = false;
let interval_s = 15;
let configAt = 0;
let failures = 0;
let notBefore = 0;

/** @returns {State} */
function fresh() {
  return {
    app: null,
    device: null,
    consents: { location: 'unknown', marketing_push: 'unknown', personalisation: 'unknown' },
    permission: 'prompt',
    tracking: false,
    trouble: null,
    last: null,
    waiting: { pings: 0, receipts: 0 },
    dropped: 0,
    sent: null,
    offline: false,
    inbox: [],
    pushTrouble: null,
    notice: null,
    far: false,
  };
}

/** @param {() => void} draw */
export function onChange(draw) {
  changed = draw;
}

/** @param {string | null} words */
export function tell(words) {
  state.notice = words;
  changed();
}

/** The service worker's registration, if there is one. */
export const registration = () => navigator.serviceWorker?.getRegistration('/shopper/');

// --- coming and going ---------------------------------------------------------------------------------------------

/** Take up what this browser knows. @param {import('./types').AppInfo | null} app as the server just told */
export async function open(app) {
  state.device = (await store.get('device')) ?? null;
  state.app = app ?? (await store.get('app')) ?? null;
  if (state.device && app) await store.put('app', app);
  state.consents = (await store.get('consents')) ?? state.consents;
  state.inbox = (await store.get('inbox')) ?? [];
  state.permission = await permission();
  await countWaiting();
  if (state.device) await begin();
}

/**
 * Register this browser with what was decided.
 * @param {import('./types').Consents} consents
 * @returns {Promise<string | null>} what went wrong, in words
 */
export async function register(consents) {
  const app = /** @type {import('./types').AppInfo} */ (state.app);
  if (state.device) return adoptConsents(consents);
  const stated = Object.entries(consents).filter(([, decision]) => decision !== 'unknown');
  const body = {
    app_id: app.app_id,
    platform: 'web',
    locale: /^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$/.test(navigator.language) ? navigator.language : undefined,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    consents: Object.fromEntries(stated),
    consent_text_version: TEXT_VERSION,
    permission: permissionWord(),
  };
  const headers = { 'Idempotency-Key': idempotencyKey(JSON.stringify(body)) };
  const answer = await call('POST', '/v1/devices', body, { token: app.key, headers });
  if (answer.is === 'later') return 'No connection to the server just now. Nothing is lost: try again.';
  if (answer.is !== 'done') return 'The server does not take part in this any more: its page may have been closed.';
  await keep(answer.data, consents);
  return null;
}

/**
 * Become the device that “Connect a phone” in the console has made.
 * @param {string} code
 * @returns {Promise<string | null>} what went wrong, in words
 */
export async function pair(code) {
  const answer = await call('POST', '/v1/devices/pair', { code }, { token: '' });
  if (answer.is === 'later') return 'No connection: open the code again when there is one.';
  if (answer.is !== 'done') return 'This code was used already or is too old. Make a new one with “Connect a phone”.';
  if (state.device) await forget();
  const known = await call('GET', '/v1/devices/me', undefined, { token: answer.data.device_token });
  await keep(answer.data, known.is === 'done' ? known.data.consents : fresh().consents);
  return null;
}

/** @param {import('./types').Device} device @param {import('./types').Consents} consents */
async function keep({ device_id, device_token }, consents) {
  state.device = { device_id, device_token };
  state.consents = consents;
  await store.put('device', state.device);
  await store.put('app', state.app);
  await store.put('consents', consents);
  await begin();
}

/** @param {import('./types').Consents} consents */
async function adoptConsents(consents) {
  for (const [kind, decision] of Object.entries(consents)) {
    if (decision !== 'unknown') await decide(/** @type {import('./types').Kind} */ (kind), decision);
  }
  return null;
}

/** The same request keeps its key, so that an answer that was lost makes no second device. */
const idempotencyKey = (() => {
  let [of, key] = ['', ''];
  /** @param {string} body */
  return (body) => {
    if (of !== body) [of, key] = [body, ''];
    key ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
    return key;
  };
})();

async function begin() {
  navigator.storage?.persist?.();
  await navigator.serviceWorker?.register('/shopper/sw.js', { scope: '/shopper/' }).catch(() => null);
  follow();
  sync();
}

/** Forget everything here: the browser is as it was before the first visit. */
async function forget() {
  state.device = null;
  follow();
  await syncing;
  const worker = await registration();
  await (await worker?.pushManager?.getSubscription())?.unsubscribe();
  await worker?.unregister();
  for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
  await store.erase();
  const { app, permission } = state;
  Object.assign(state, fresh(), { app, permission });
}

/** Delete everything, on the server first. @returns {Promise<string | null>} what went wrong, in words */
export async function deleteAll() {
  leaving = true; // so that nothing asks the server meanwhile and is told that we are gone
  await syncing;
  let answer = await call('DELETE', '/v1/me');
  if (answer.is === 'refused' && answer.status !== 409) answer = await call('DELETE', '/v1/devices/me');
  leaving = false;
  if (answer.is === 'later') return 'No connection to the server: nothing was deleted. Try again later.';
  if (answer.is === 'refused') return `The server did not delete it: ${answer.detail}`;
  await forget();
  tell('Everything is deleted, on the server and in this browser.');
  return null;
}

// --- decisions ----------------------------------------------------------------------------------------------------

/**
 * @param {import('./types').Kind} kind
 * @param {import('./types').Decision} decision
 */
export async function decide(kind, decision) {
  state.consents = { ...state.consents, [kind]: decision };
  configAt = 0;
  await store.put('consents', state.consents);
  await store.put('untold', { ...(await store.get('untold')), [kind]: decision });
  if (kind === 'location' && decision !== 'granted') {
    await store.clear('pings'); // what is not sent yet may not be sent any more
    state.last = null;
    await countWaiting();
  }
  if (kind === 'marketing_push' && decision !== 'granted') await unsubscribe(await registration());
  follow();
  sync();
}

/** Ask the browser for the position: on a tap, after the consent. */
export async function askPosition() {
  const found = await ask();
  // A browser without the Permissions API says it here only.
  state.permission = 'code' in found && found.code === found.PERMISSION_DENIED ? 'denied' : await permission();
  if ('coords' in found && state.permission === 'prompt') state.permission = 'granted';
  follow();
  sync();
}

/** Ask the browser for notifications: on a tap, after the consent. */
export async function askPush() {
  await Notification.requestPermission();
  state.pushTrouble = null;
  await followPush();
  changed();
}

async function followPush() {
  const granted = globalThis.Notification?.permission === 'granted' && state.consents.marketing_push === 'granted';
  if (!state.device || !granted || !state.app?.vapid_public_key || !navigator.serviceWorker) return;
  if (!state.pushTrouble) state.pushTrouble = await subscribe(await navigator.serviceWorker.ready);
}

function permissionWord() {
  return /** @type {Record<string, string>} */ (PERMISSIONS)[state.permission] ?? 'unknown';
}

// --- positions ----------------------------------------------------------------------------------------------------

/** Track exactly while everything allows it. */
function follow() {
  const { device, consents, permission } = state;
  const may = device && consents.location === 'granted' && permission === 'granted' && !document.hidden;
  if (may && !stopTracking) stopTracking = track(interval_s, onFix, onPositionError);
  else if (!may && stopTracking) {
    stopTracking();
    stopTracking = null;
  }
  state.tracking = stopTracking !== null;
  if (!state.tracking) state.trouble = null;
  changed();
}

/** @param {import('./types').Ping} fix */
async function onFix(fix) {
  state.last = fix;
  state.trouble = null;
  await store.addPing(fix);
  await countWaiting();
  sync();
}

/** @param {GeolocationPositionError} error */
async function onPositionError(error) {
  if (error.code === error.PERMISSION_DENIED) {
    state.permission = 'denied';
    return follow();
  }
  state.trouble = 'The phone finds no position just now.';
  changed();
}

async function countWaiting() {
  state.waiting = await waiting();
  state.dropped = (await store.get('dropped')) ?? 0;
  state.sent = (await store.get('sent')) ?? null;
}

// --- the server ---------------------------------------------------------------------------------------------------

/** Tell the server what it does not know yet and ask it what we do not know yet; one at a time. */
export function sync() {
  if (!state.device || leaving) return;
  if (syncing) {
    again = true;
    return;
  }
  syncing = exchange().finally(() => {
    syncing = null;
    changed();
    if (again) {
      again = false;
      sync();
    }
  });
}

async function exchange() {
  if (Date.now() < notBefore) return;
  for (const step of [tellDecisions, tellPermission, tellPositions, sendReceipts, readConfig, readInbox, followPush]) {
    const answer = await step();
    if (!state.device) return; // deleted meanwhile
    if (answer?.is === 'ended') return end();
    if (answer?.is === 'later') {
      const [first, longest] = RETRY_S;
      notBefore = Date.now() + 1000 * Math.max(answer.after_s, Math.min(longest, first * 2 ** failures));
      failures += 1;
      state.offline = true;
      return countWaiting();
    }
  }
  failures = 0;
  state.offline = false;
  await countWaiting();
}

/** Not inside `exchange`, which `forget` waits for. */
function end() {
  setTimeout(async () => {
    const name = state.app?.data_controller ?? 'The server';
    await forget();
    tell(`${name} does not know this browser any more, so everything in it was deleted. You can start anew.`);
  });
}

async function tellDecisions() {
  const untold = await store.get('untold');
  if (!untold) return null;
  const body = { ...untold, text_version: TEXT_VERSION, source: 'shopper page' };
  const answer = await call('PUT', '/v1/devices/me/consents', body);
  if (answer.is === 'done' || answer.is === 'refused') {
    const now = await store.get('untold');
    if (JSON.stringify(now) === JSON.stringify(untold)) await store.put('untold', null);
  }
  return answer;
}

async function tellPermission() {
  const word = permissionWord();
  if ((await store.get('permission')) === word) return null;
  const answer = await call('PATCH', '/v1/devices/me', { permission: word });
  if (answer.is === 'done') await store.put('permission', word);
  configAt = 0;
  return answer;
}

async function tellPositions() {
  const before = state.waiting.pings;
  const answer = await sendPings();
  if (before && !answer) {
    setTimeout(sync, REACTION_S * 1000);
    if (interval_s === SELDOM_S) configAt = 0; // it was decided by an older position
  }
  return answer;
}

/** How often to report, and what the server holds of our decisions: another page may have changed them. */
async function readConfig() {
  if (!(await store.get('sent')) || Date.now() < configAt) return null; // it goes by the last position
  const answer = await call('GET', '/v1/config');
  if (answer.is !== 'done') return answer;
  const device = await call('GET', '/v1/devices/me');
  if (device.is !== 'done') return device;
  configAt = Date.now() + 1000 * (Number(answer.data.ask_again_s) || CONFIG_S);
  state.consents = device.data.consents;
  await store.put('consents', state.consents);
  const { mode, ping_interval_s } = answer.data;
  state.far = mode === 'far_away';
  const next = state.far ? SELDOM_S : Math.min(Number(ping_interval_s) || interval_s, SELDOM_S);
  if (next !== interval_s) {
    interval_s = next;
    stopTracking?.();
    stopTracking = null;
  }
  follow();
  return answer;
}

async function readInbox() {
  const answer = await call('GET', '/v1/inbox?limit=50');
  if (answer.is !== 'done') return answer;
  /** @type {import('./types').InboxItem[]} */
  const items = answer.data.items;
  const known = new Map(state.inbox.map((item) => [item.id, item]));
  const gone = new Set((await store.get('dismissed')) ?? []);
  for (const item of items) {
    item.opened_at ??= known.get(item.id)?.opened_at ?? null; // its receipt may still wait
    if (!known.has(item.id) && !gone.has(item.id)) await receipt(item.id, 'received');
  }
  state.inbox = items.filter((item) => !gone.has(item.id));
  await store.put('inbox', state.inbox);
  await store.put(
    'dismissed',
    items.map((item) => item.id).filter((id) => gone.has(id)),
  );
  return answer;
}

/** @param {import('./types').InboxItem} item */
export async function markOpened(item) {
  if (item.opened_at) return;
  item.opened_at = new Date().toISOString();
  await store.put('inbox', state.inbox);
  changed();
  await receipt(item.id, 'opened');
}

/** @param {import('./types').InboxItem} item */
export async function dismiss(item) {
  state.inbox = state.inbox.filter((other) => other !== item);
  await store.put('inbox', state.inbox);
  await store.put('dismissed', [...((await store.get('dismissed')) ?? []), item.id]);
  changed();
  await receipt(item.id, 'dismissed');
}

/**
 * Say that we stood at the point whose code was scanned.
 * @param {string} code
 * @param {string} at
 * @returns {Promise<boolean>} whether it is over: taken or refused
 */
export async function checkIn(code, at) {
  const answer = await call('POST', `/v1/check-in/${encodeURIComponent(code)}`, { at });
  if (answer.is === 'later') tell('Checking in needs a connection; it is tried again.');
  else if (answer.is === 'refused') tell('This code belongs to no place here any more.');
  else if (answer.is === 'done') {
    const { accepted, reason, point, store: shop } = answer.data;
    tell(accepted ? `You are checked in: ${shop ?? point}.` : `The check-in did not count (${reason}).`);
    setTimeout(sync, REACTION_S * 1000);
  }
  return answer.is !== 'later';
}

/** Listen to the browser. Once. */
export function listen() {
  const soon = () => {
    configAt = 0;
    notBefore = failures = 0;
    follow();
    sync();
  };
  document.addEventListener('visibilitychange', soon);
  addEventListener('online', soon);
  addEventListener('offline', () => {
    state.offline = true;
    changed();
  });
  navigator.serviceWorker?.addEventListener('message', sync);
  watchPermission(async () => {
    state.permission = await permission();
    follow();
    sync();
  });
  setInterval(() => document.hidden || sync(), LOOK_S * 1000);
}
