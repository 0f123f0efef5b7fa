/** What the shopper page and the owner's page share of web push: a subscription that was made with the server's key. */

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
 * The browser's subscription; a new one where there is none, or where the server has another key now. Rejects when the
 * push service cannot be reached, or nobody has allowed notifications.
 * @param {ServiceWorkerRegistration} registration
 * @param {string} vapidKey the server's public key, base64url
 */
export async function subscriptionFor(registration, vapidKey) {
  const key = bytes(vapidKey);
  const held = await registration.pushManager.getSubscription();
  if (held && same(held.options.applicationServerKey, key)) return held;
  await held?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}
