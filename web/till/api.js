/**
 * Requests to the server as whoever has logged in to the console, and the queue of sales.
 *
 * Only an answer that is surely ours decides what becomes of a sale: a hotel's log-in page answers 200 with HTML.
 */

import { dropSale, get, oldestSale, put } from './store.js';

/** @import {Answer, Item, Refused, Store} from './types' */

const LATER = new Set([408, 425, 429]);
/** So many are kept on the device, for when there is no network; of more, the server is asked for a scanned code. */
const MOST_PRODUCTS = 20_000;

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>}
 */
export async function call(method, path, body, headers = {}) {
  try {
    const answer = await fetch(path, {
      method,
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      redirect: 'error',
    });
    const type = answer.headers.get('content-type') ?? '';
    if (answer.status === 204) return { is: 'done', data: null };
    if (answer.ok && type.includes('json')) return { is: 'done', data: await answer.json() };
    if (type.includes('problem+json') && answer.status < 500 && !LATER.has(answer.status)) {
      if (answer.status === 401) return { is: 'ended' };
      const { detail = '', reason = null } = await answer.json();
      return { is: 'refused', status: answer.status, detail, reason };
    }
    return { is: 'later' };
  } catch {
    return { is: 'later' };
  }
}

/**
 * All items of a list, page by page.
 * @param {string} path
 * @param {Record<string, string>} query
 * @param {number} most
 * @returns {Promise<Answer>}
 */
async function all(path, query, most) {
  /** @type {any[]} */
  const items = [];
  for (let cursor = ''; ;) {
    const answer = await call(
      'GET',
      `${path}?${new URLSearchParams({ ...query, limit: '500', ...(cursor && { cursor }) })}`,
    );
    if (answer.is !== 'done') return answer;
    items.push(...(answer.data.items ?? answer.data.features));
    cursor = answer.data.next ?? '';
    if (!cursor || items.length >= most) return { is: 'done', data: items };
  }
}

/** The stores that whoever has logged in may sell for. @returns {Promise<Answer>} */
export async function loadStores() {
  const answer = await all('/v1/stores', {}, 1000);
  if (answer.is !== 'done') return answer;
  /** @type {Store[]} */
  const stores = answer.data.map((/** @type {any} */ store) => ({ id: store.id, name: store.properties.name }));
  return { is: 'done', data: stores.sort((a, b) => a.name.localeCompare(b.name)) };
}

/** @param {string} store_id @param {Record<string, string>} query @param {number} most @returns {Promise<Answer>} */
async function items(store_id, query, most) {
  const answer = await all('/v1/products', { status: 'active', priced: 'true', ...query }, most);
  if (answer.is !== 'done') return answer;
  /** @type {Item[]} */
  const data = answer.data
    .filter((/** @type {any} */ product) => product.store_id === null || product.store_id === store_id)
    .flatMap((/** @type {any} */ product) =>
      product.variants
        .filter((/** @type {any} */ variant) => variant.price_minor !== null)
        .map((/** @type {any} */ variant) => ({
          variant_id: variant.external_id,
          product_id: product.external_id,
          sku: variant.sku,
          barcode: variant.barcode,
          name: [product.name, variant.name].filter(Boolean).join(' '),
          price_minor: variant.price_minor,
          currency: variant.currency,
        })),
    );
  return { is: 'done', data };
}

/** What can be sold, kept for when there is no network. @param {string} store_id @returns {Promise<Answer>} */
export async function loadItems(store_id) {
  const answer = await items(store_id, {}, MOST_PRODUCTS);
  if (answer.is === 'done') await put('items', answer.data);
  return answer;
}

/** What a scanned code stands for, when it is not kept. @param {string} store_id @param {string} code @returns {Promise<Item[]>} */
export async function findItems(store_id, code) {
  const answer = await items(store_id, { barcode: code }, 10);
  return answer.is === 'done' ? answer.data.filter((/** @type {Item} */ item) => isCalled(item, code)) : [];
}

/** Whether an item has this barcode, sku or id. @param {Item} item @param {string} code */
export const isCalled = (item, code) => [item.barcode, item.sku, item.variant_id].includes(code);

/** @param {string} store_id @param {string} member_code @returns {Promise<Answer>} */
export const lookUp = (store_id, member_code) => call('POST', '/v1/till/lookup', { store_id, member: { member_code } });

/**
 * One tab at a time, where the browser has locks; without them the server sorts out what comes twice.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
const alone = (work) => (navigator.locks ? navigator.locks.request('geoengage-till', work) : work());

/**
 * Send the sales that wait, oldest first. A sale stays until the answer says that it was taken, or never can be.
 * @returns {Promise<Answer | null>} the answer that ended it; null when nothing waits
 */
export const sendSales = () =>
  alone(async () => {
    for (;;) {
      const waiting = await oldestSale();
      if (!waiting) return null;
      const answer = await call('POST', '/v1/till/sales', waiting.sale);
      if (answer.is === 'later' || answer.is === 'ended') return answer;
      if (answer.is === 'done' && typeof answer.data?.order_id !== 'string') return { is: 'later' };
      if (answer.is === 'refused') {
        /** @type {Refused[]} */
        const refused = (await get('refused')) ?? [];
        await put('refused', [...refused, { sale: waiting.sale, detail: answer.detail }]);
      }
      await dropSale(waiting.key);
    }
  });
