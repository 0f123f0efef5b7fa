/**
 * Requests to the server, and what their answers mean for what was to be sent.
 *
 * Only an answer that is surely ours decides anything: a hotel's log-in page answers 200 with HTML, a proxy 403.
 */

import { addReceipt, count, drop, get, oldest, put } from './store.js';

const BATCH = 1000;
const LATER = new Set([408, 425, 429]);

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{token?: string, headers?: Record<string, string>}} [more] `token`: in place of the device's own
 * @returns {Promise<import('./types').Answer>}
 */
export async function call(method, path, body, { token, headers = {} } = {}) {
  const bearer = token ?? (await get('device'))?.device_token;
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      credentials: 'omit', // an operator who tries the page is nobody here
      redirect: 'error',
    });
    if (answer.status === 204) return { is: 'done', data: null };
    const type = answer.headers.get('content-type') ?? '';
    if (answer.ok && type.includes('json')) return { is: 'done', data: await answer.json() };
    if (type.includes('problem+json') && answer.status < 500 && !LATER.has(answer.status)) {
      if (answer.status === 401) return { is: 'ended' };
      return { is: 'refused', status: answer.status, detail: (await answer.json()).detail ?? '' };
    }
    return { is: 'later', after_s: Number(answer.headers.get('retry-after')) || 0 };
  } catch {
    return { is: 'later', after_s: 0 };
  }
}

/**
 * One tab or worker at a time, where the browser has locks; without them the server sorts out what comes twice.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
const alone = (name, work) => (navigator.locks ? navigator.locks.request(name, work) : work());

/**
 * Send what waits, oldest first, until nothing waits or the server cannot take it. It stays queued until the answer
 * says that it was taken or can never be.
 * @returns {Promise<import('./types').Answer | null>} the answer that ended it; null when nothing waits
 */
export const sendPings = () =>
  alone('geoengage-pings', async () => {
    for (;;) {
      const { keys, values } = await oldest('pings', BATCH);
      if (!keys.length) return null;
      const answer = await call('POST', '/v1/pings', { sent_at: new Date().toISOString(), pings: values });
      if (answer.is === 'done' && typeof answer.data?.accepted === 'number') {
        await put('sent', { at: Date.now(), rejected: answer.data.rejected.at(-1)?.reason ?? null });
      } else if (answer.is === 'refused') await put('sent', { at: Date.now(), rejected: answer.detail });
      else return answer.is === 'done' ? { is: 'later', after_s: 0 } : answer;
      await drop('pings', keys);
    }
  });

/** Send the receipts that wait. @returns {Promise<import('./types').Answer | null>} */
export const sendReceipts = () =>
  alone('geoengage-receipts', async () => {
    const { keys, values } = await oldest('receipts', BATCH);
    for (const [i, receipt] of values.entries()) {
      const answer = await call('POST', '/v1/receipts', receipt);
      if (answer.is === 'later' || answer.is === 'ended') return answer;
      await drop('receipts', [keys[i]]);
    }
    return null;
  });

/** @param {string} message_id @param {import('./types').ReceiptKind} kind */
export async function receipt(message_id, kind) {
  await addReceipt({ message_id, kind, at: new Date().toISOString() });
  return sendReceipts();
}

/** How many positions and receipts wait. */
export const waiting = async () => ({ pings: await count('pings'), receipts: await count('receipts') });

/** A link that a message may open: https, or a page of this server. @param {string | null | undefined} link */
export function safeLink(link) {
  if (!link || !URL.canParse(link, location.origin)) return null;
  const url = new URL(link, location.origin);
  return url.protocol === 'https:' || url.origin === location.origin ? url.href : null;
}
