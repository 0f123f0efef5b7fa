/** The service worker: the page's shell without a network, and web push while the page is closed. */
import { keepShell, worker } from '../offline.js';
import { receipt, safeLink } from './api.js';
import { subscribe } from './push.js';
import { get } from './store.js';

const HOME = '/shopper/';

keepShell('shopper');

worker.addEventListener('push', (event) => event.waitUntil(show(event.data)));

worker.addEventListener('notificationclick', (event) => {
  const { message_id, link } = event.notification.data ?? {};
  event.notification.close();
  event.waitUntil(Promise.all([open(safeLink(link)), message_id && receipt(message_id, 'opened')]));
});

worker.addEventListener('notificationclose', (event) => {
  const { message_id } = event.notification.data ?? {};
  if (message_id) event.waitUntil(receipt(message_id, 'dismissed'));
});

worker.addEventListener('pushsubscriptionchange', (event) => {
  /** @type {ExtendableEvent} */ (event).waitUntil(subscribe(worker.registration));
});

/**
 * Show a pushed message. A browser wants something shown for every push, so what cannot be read, or speaks of the past,
 * becomes a line that is always true.
 * @param {PushMessageData | null} data
 */
async function show(data) {
  const said = read(data);
  const { name = 'Offers nearby' } = (await get('app')) ?? {};
  const isOver = said && Date.parse(said.expires_at) < Date.now();
  const tag = said?.tag || said?.message_id || 'geoengage';
  if (said && !isOver) {
    const { title, body, message_id, link } = said;
    /** @type {NotificationOptions & {image?: string}} */
    const options = { body, tag, data: { message_id, link }, image: safeLink(said.image) ?? undefined };
    await worker.registration.showNotification(title, options);
  } else await worker.registration.showNotification(name, { body: 'There is something in your inbox.', tag });
  for (const client of await worker.clients.matchAll()) client.postMessage('inbox');
  if (said) await receipt(said.message_id, 'received');
}

/** @param {PushMessageData | null} data */
function read(data) {
  try {
    const said = data?.json();
    const isRight = typeof said?.title === 'string' && typeof said.message_id === 'string';
    return isRight ? { ...said, body: String(said.body ?? ''), tag: String(said.tag ?? '') } : null;
  } catch {
    return null;
  }
}

/** @param {string | null} link */
async function open(link) {
  if (link) return worker.clients.openWindow(link);
  const [client] = await worker.clients.matchAll({ type: 'window' });
  return client ? client.focus() : worker.clients.openWindow(HOME);
}
