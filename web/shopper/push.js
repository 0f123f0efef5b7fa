/** Web push: the browser's subscription, and telling the server its address. Used by the page and its worker. */

import { subscriptionFor } from '../subscribing.js';
import { call } from './api.js';
import { get, put } from './store.js';

/**
 * Subscribe, unless that is so already, and tell the server. The browser must have been asked before.
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<string | null>} what went wrong, in words
 */
export async function subscribe(registration) {
  const { vapid_public_key } = (await get('app')) ?? {};
  if (!vapid_public_key) return 'This server sends no push.';
  let address;
  try {
    address = JSON.stringify(await subscriptionFor(registration, vapid_public_key));
  } catch {
    return 'The browser could not reach its push service.';
  }
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
