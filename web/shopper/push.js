/** Web push: the browser's subscription, and telling the server its address. Used by the page and its worker. */

import { call } from './api.js';
import { get, put } from './store.js';

/** @param {string} text base64url @returns {Uint8Array<ArrayBuffer>} */
function bytes(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer | null} have @param {Uint8Array} want */
function same(have, want) {
  const held = new Uint8Array(have ?? new ArrayBuffer(0));
  return held.length === want.length && held.every((byte, i) => byte === want[i]);
}

/**
 * Subscribe, unless that is so already, and tell the server. The browser must have been asked before.
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<string | null>} what went wrong, in words
 */
export async function subscribe(registration) {
  const { vapid_public_key } = (await get('app')) ?? {};
  if (!vapid_public_key) return 'This server sends no push.';
  const key = bytes(vapid_public_key);
  let subscription = await registration.pushManager.getSubscription();
  try {
    if (subscription && !same(subscription.options.applicationServerKey, key)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    subscription ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch {
    return 'The browser could not reach its push service.';
  }
  const address = JSON.stringify(subscription);
  if ((await get('push')) === address) return null;
  const push = { provider: 'webpush', kind: 'webpush', address };
  const answer = await call('PATCH', '/v1/devices/me', { push });
  if (answer.is === 'done') await put('push', address);
  return answer.is === 'refused' ? 'The server does not take this browser’s push address.' : null;
}

/** No push from now on, here and on the server. @param {ServiceWorkerRegistration | undefined} registration */
export async function unsubscribe(registration) {
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
  if (!(await get('push'))) return;
  const answer = await call('PATCH', '/v1/devices/me', { push: null });
  if (answer.is !== 'later') await put('push', null);
}
