/** What the till keeps in the browser: its set-up and catalogue (`kv`), and sales that wait to be sent (`sales`). */

/** @import {Sale} from './types' */

const NAME = 'geoengage-till';

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase>} */
function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('kv');
      request.result.createObjectStore('sales', { autoIncrement: true });
    };
    request.onerror = () => {
      opened = null;
      reject(request.error);
    };
    request.onsuccess = () => {
      request.result.onclose = () => (opened = null);
      resolve(request.result);
    };
  });
  return opened;
}

/**
 * One transaction that is on disk when it ends: a sale is not lost with the battery.
 * @template T
 * @param {'kv' | 'sales'} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T> | void} work
 * @returns {Promise<T | undefined>}
 */
async function run(name, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode, { durability: 'strict' });
    const request = work(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** @param {string} key @returns {Promise<any>} */
export const get = (key) => run('kv', 'readonly', (store) => store.get(key));

/** @param {string} key @param {unknown} value */
export const put = (key, value) => run('kv', 'readwrite', (store) => store.put(value, key));

/** @param {Sale} sale */
export const addSale = (sale) => run('sales', 'readwrite', (store) => store.add(sale));

export const countSales = async () => (await run('sales', 'readonly', (store) => store.count())) ?? 0;

/** The sale that waits longest, with its key. @returns {Promise<{key: IDBValidKey, sale: Sale} | null>} */
export async function oldestSale() {
  const [key] = (await run('sales', 'readonly', (store) => store.getAllKeys(null, 1))) ?? [];
  if (key === undefined) return null;
  return { key, sale: await run('sales', 'readonly', (store) => store.get(key)) };
}

/** @param {IDBValidKey} key */
export const dropSale = (key) => run('sales', 'readwrite', (store) => store.delete(key));
