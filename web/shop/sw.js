/**
 * The service worker: the shell of the owner's page is there at once, however slow the line is; and while the page is
 * closed it says that customers have written.
 */
import { keepShell, worker } from '../offline.js';
import { subscriptionFor } from '../subscribing.js';

const HOME = '/shop/';
const REPLIES = '/shop/#replies';
const PHONES = '/v1/session/phones';
const WORDS = { tag: 'en', waiting: { other: '{n} waiting' }, some: 'Customers have written.', dir: 'ltr' };

keepShell('shop');

worker.addEventListener('push', (event) => event.waitUntil(show(event.data)));

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link ?? REPLIES));
});

worker.addEventListener('pushsubscriptionchange', (event) => {
  /** @type {ExtendableEvent} */ (event).waitUntil(renew());
});

/**
 * A browser wants something shown for every push: what cannot be read, or comes too late, becomes a line that is true
 * all the same. What comes a second time takes the place of the first and makes no sound.
 * @param {PushMessageData | null} data
 */
async function show(data) {
  const said = read(data);
  const words = await kept();
  const tag = said?.tag ?? 'replies';
  const newest = said?.newest ?? 0;
  const shown = await worker.registration.getNotifications({ tag });
  const isOver = !said || Date.parse(said.expires_at) < Date.now();
  /** @type {NotificationOptions & {renotify: boolean}} */
  const options = {
    body: isOver ? words.some : counted(words, said.waiting),
    tag,
    renotify: shown.length > 0 && shown.every((each) => (each.data?.newest ?? 0) < newest),
    data: { link: said?.link ?? REPLIES, newest },
    lang: words.tag,
    dir: words.dir === 'rtl' ? 'rtl' : 'ltr',
  };
  await worker.registration.showNotification(said?.store ?? 'Shop', options);
}

/** @param {PushMessageData | null} data */
function read(data) {
  try {
    const said = data?.json();
    const isRight =
      [said.store, said.tag, said.link, said.expires_at].every((each) => typeof each === 'string') &&
      [said.waiting, said.newest].every(Number.isInteger) &&
      said.link.startsWith(REPLIES);
    return isRight ? said : null;
  } catch {
    return null;
  }
}

/** The words that the page has put there, in its language. @returns {Promise<typeof WORDS>} */
async function kept() {
  const found = await caches.match(`${HOME}words`, { cacheName: 'words-of-shop' });
  return found ? found.json() : WORDS;
}

/** @param {typeof WORDS} words @param {number} n */
function counted({ tag, waiting }, n) {
  /** @type {Record<string, string>} */
  const forms = waiting;
  const form = forms[new Intl.PluralRules(tag).select(n)] ?? forms.other;
  return form.replace('{n}', new Intl.NumberFormat(tag).format(n));
}

/** Show the replies, in the page if it is open. @param {string} link */
async function open(link) {
  const clients = await worker.clients.matchAll({ type: 'window' });
  const client = clients.find((each) => new URL(each.url).pathname === HOME);
  if (!client) return worker.clients.openWindow(link);
  client.postMessage({ open: link.split('#')[1] });
  return client.focus();
}

/** The browser has changed its subscription: where this phone was told before, it is told by the new one. */
async function renew() {
  const answer = await fetch(PHONES, { cache: 'no-store' });
  if (!answer.ok) return;
  const { vapid_public_key } = await answer.json();
  const subscription = JSON.stringify(await subscriptionFor(worker.registration, vapid_public_key));
  await fetch(PHONES, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ subscription }),
  });
}
