/**
 * What the service workers of the shopper page and the till share: the page's shell without a network.
 *
 * SHELL and VERSION are put in by the build. A new build is a new worker: it takes its whole shell before it takes over,
 * so pages never mix two versions.
 */

export const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** Keep the shell of a page and answer with it. @param {string} name of the page, as in its path `/NAME/` */
export function keepShell(name) {
  const current = `${name}-${VERSION}`;
  const home = `/${name}/`;

  async function fillCache() {
    const cache = await caches.open(current);
    await cache.addAll(SHELL.map((path) => new Request(path, { cache: 'reload' })));
  }

  async function dropOldCaches() {
    const names = await caches.keys();
    await Promise.all(names.filter((n) => n.startsWith(`${name}-`) && n !== current).map((n) => caches.delete(n)));
  }

  /** @param {string} path @param {Request} request */
  async function fromCache(path, request) {
    return (await caches.match(path, { cacheName: current })) ?? fetch(request);
  }

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
    if (request.mode === 'navigate' && pathname === home) event.respondWith(fromCache(home, request));
    else if (SHELL.includes(pathname)) event.respondWith(fromCache(pathname, request));
  });
}
