/**
 * The service worker: the page's shell without a network, and web push while the page is closed.
 *
 * SHELL and VERSION are put in by the build. A new build is a new worker: it takes its whole shell before it takes over,
 * so pages never mix two versions.
 */

import { receipt, safeLink } from './api.js';
import { subscribe } from './push.js';
import { get } from './store.js';

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = `shopper-${VERSION}`;
const HOME = '/shopper/';

worker.addEventListener('install', (event) => {
  event.waitUntil(fillCache().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropOldCaches().then(() => worker.clients.claim()));
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== 'GET') return;
  if (request.mode === 'navigate' && pathname === HOME) event.respondWith(fromCache(HOME, request));
  else if (SHELL.includes(pathname)) event.respondWith(fromCache(pathname, request));
});

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

async function fillCache() {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.map((path) => new Request(path, { cache: 'reload' })));
}

async function dropOldCaches() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('shopper-') && name !== CACHE).map((n) => caches.delete(n)));
}

/** @param {string} path @param {Request} request */
async function fromCache(path, request) {
  return (await caches.match(path, { cacheName: CACHE })) ?? fetch(request);
}

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
