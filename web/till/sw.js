/**
 * The service worker: the till's shell without a network. SHELL and VERSION are put in by the build. A new build takes its
 * whole shell before it takes over, so pages never mix two versions.
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = `till-${VERSION}`;
const HOME = '/till/';

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

async function fillCache() {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.map((path) => new Request(path, { cache: 'reload' })));
}

async function dropOldCaches() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('till-') && name !== CACHE).map((n) => caches.delete(n)));
}

/** @param {string} path @param {Request} request */
async function fromCache(path, request) {
  return (await caches.match(path, { cacheName: CACHE })) ?? fetch(request);
}
