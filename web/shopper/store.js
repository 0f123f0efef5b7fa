/**
 * What the page keeps in the browser: one IndexedDB, used by the page and its service worker.
 *
 * `kv` holds single values, `pings` (by their time) and `receipts` what waits to be sent. Reading never makes the database, so that a
 * visitor who has agreed to nothing leaves nothing behind.
 */

const NAME = 'geoengage-shopper';
/** A day and a half at one position in 15 seconds; beyond it the oldest go, counted. */
const MAX_PINGS = 8640;

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

/** @param {boolean} make @returns {Promise<IDBDatabase | null>} */
function open(make) {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      if (!make) return request.transaction?.abort();
      request.result.createObjectStore('kv');
      request.result.createObjectStore('pings', { keyPath: 'at' });
      request.result.createObjectStore('receipts');
    };
    request.onerror = (event) => {
      event.preventDefault();
      opened = null;
      if (make) reject(request.error);
      else resolve(null);
    };
    request.onsuccess = () => {
      request.result.onversionchange = close; // another tab deletes everything
      request.result.onclose = () => (opened = null);
      resolve(request.result);
    };
  });
  return opened;
}

async function close() {
  const database = await opened;
  opened = null;
  database?.close();
}

/**
 * One transaction; the result is that of the request which `work` returns, undefined where there is no database.
 * @template T
 * @param {'kv' | 'pings' | 'receipts'} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T> | void} work
 * @returns {Promise<T | undefined>}
 */
async function run(name, mode, work) {
  const database = (await open(mode === 'readwrite')) ?? (mode === 'readwrite' ? await open(true) : null);
  if (!database) return undefined;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode);
    const request = work(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** @param {string} key @returns {Promise<any>} */
export const get = (key) => run('kv', 'readonly', (store) => store.get(key));

/** @param {string} key @param {unknown} value */
export const put = (key, value) => run('kv', 'readwrite', (store) => store.put(value, key));

/** @param {'pings' | 'receipts'} name */
export const count = async (name) => (await run(name, 'readonly', (store) => store.count())) ?? 0;

/**
 * Queue a position, once; how many old ones had to go for it is added to `dropped`.
 * @param {import('./types').Ping} ping
 */
export async function addPing(ping) {
  let over = 0;
  await run('pings', 'readwrite', (store) => {
    store.put(ping);
    const counted = store.count();
    counted.onsuccess = () => {
      over = Math.max(0, counted.result - MAX_PINGS);
      if (!over) return;
      const keys = store.getAllKeys(null, over);
      keys.onsuccess = () => keys.result.forEach((key) => store.delete(key));
    };
  });
  if (over) await put('dropped', ((await get('dropped')) ?? 0) + over);
}

/** Queue a receipt; the first of each kind counts. @param {import('./types').Receipt} receipt */
export async function addReceipt(receipt) {
  const key = `${receipt.message_id} ${receipt.kind}`;
  await run('receipts', 'readwrite', (store) => {
    const known = store.getKey(key);
    known.onsuccess = () => known.result ?? store.add(receipt, key);
  });
}

/**
 * The oldest that wait, with their keys.
 * @param {'pings' | 'receipts'} name
 * @param {number} limit
 */
export async function oldest(name, limit) {
  const keys = (await run(name, 'readonly', (store) => store.getAllKeys(null, limit))) ?? [];
  const values = (await run(name, 'readonly', (store) => store.getAll(null, limit))) ?? [];
  return { keys, values: values.slice(0, keys.length) };
}

/** @param {'pings' | 'receipts'} name @param {IDBValidKey[]} keys */
export const drop = (name, keys) => run(name, 'readwrite', (store) => keys.forEach((key) => store.delete(key)));

/** @param {'pings' | 'receipts'} name */
export const clear = (name) => run(name, 'readwrite', (store) => void store.clear());

/** Delete the database itself. */
export async function erase() {
  await close();
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = resolve;
    request.onerror = reject;
  });
}
