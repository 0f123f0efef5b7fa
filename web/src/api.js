/**
 * The only module that calls the HTTP API: JSON in and out, problem+json into ApiError, ETags, lists to their end.
 *
 * The session is a cookie the browser sends by itself; nothing here sees a credential.
 */
/** @import {Me} from './types' */

/** @typedef {{pointer?: string, in?: string, detail: string}} FieldError */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */

export class ApiError extends Error {
  /**
   * @param {number} status 0 when no answer came at all
   * @param {Record<string, any>} problem
   */
  constructor(status, problem) {
    super(problem.detail || problem.title || 'The server gave no reason.');
    this.status = status;
    this.problem = problem;
    /** @type {string} */
    this.code = String(problem.type ?? '').replace('/problems/', '');
    /** @type {FieldError[]} */
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
  }
}

/** @type {() => void} */
let onSignedOut = () => {};
/** @param {() => void} handler called when any call finds that the session has ended */
export function whenSignedOut(handler) {
  onSignedOut = handler;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, query?: Query, etag?: string | null, signal?: AbortSignal, once?: string}} [options]
 *   `once` is the Idempotency-Key of a creating POST
 * @returns {Promise<{data: any, etag: string | null}>}
 */
export async function call(method, path, { body, query, etag, signal, once } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== undefined)
    headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  if (etag) headers['If-Match'] = etag;
  if (once) headers['Idempotency-Key'] = once;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await reach(path + queryString(query), { method, headers, body: text, signal });
  if (!response.ok) throw refusal(response.status, path, await response.json().catch(() => null));
  const data = response.status === 204 ? null : await response.json();
  return { data, etag: response.headers.get('ETag') };
}

/** @param {string} address @param {RequestInit} init */
async function reach(address, init) {
  try {
    return await fetch(address, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, { detail: 'The server cannot be reached. Check the connection and try again.' });
  }
}

/** @param {number} status @param {string} path @param {Record<string, any> | null} problem */
function refusal(status, path, problem) {
  if (status === 401 && !path.startsWith('/v1/login') && path !== '/v1/session') onSignedOut();
  return new ApiError(status, problem ?? { title: `The server answered ${status}.` });
}

/**
 * Sends a file as it is. `fetch` cannot tell how far an upload has come, so this is an XMLHttpRequest.
 * @param {string} method
 * @param {string} path
 * @param {{body: Blob, type: string, query?: Query, onProgress?: (share: number) => void, signal?: AbortSignal}} options
 *   `onProgress` hears 0 to 1; at 1 the file has arrived and the server works on it
 * @returns {Promise<{data: any, etag: string | null}>}
 */
export function upload(method, path, { body, type, query, onProgress = () => {}, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path + queryString(query));
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', type);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.upload.onload = () => onProgress(1);
    request.onload = () => {
      const data = parsed(request.responseText);
      if (request.status < 400) resolve({ data, etag: request.getResponseHeader('ETag') });
      else reject(refusal(request.status, path, data));
    };
    request.onerror = () =>
      reject(new ApiError(0, { detail: 'The file did not arrive: the connection was lost. Try again.' }));
    request.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {Query} [query] */
export function queryString(query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return pairs.length ? `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}` : '';
}

/**
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query, signal) {
  return (await call('GET', path, { query, signal })).data;
}

/**
 * Every item of a list, page by page.
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any[]>}
 */
export async function getAll(path, query = {}, signal) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: 500, ...query, cursor }, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {{once?: string}} [options]
 */
export async function post(path, body, options) {
  return (await call('POST', path, { body, ...options })).data;
}

/**
 * A POST that is answered line by line (application/x-ndjson).
 * @param {string} path
 * @param {unknown} body
 * @param {{onLine: (line: any) => void, signal?: AbortSignal}} options
 */
export async function stream(path, body, { onLine, signal }) {
  const headers = { Accept: 'application/x-ndjson', 'Content-Type': 'application/json' };
  const response = await reach(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
  if (!response.ok || !response.body) throw refusal(response.status, path, await response.json().catch(() => null));
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line) onLine(JSON.parse(line));
  }
  if (rest) onLine(JSON.parse(rest));
}

/**
 * A POST that is answered with a file, which the browser saves under `name`.
 * @param {string} path
 * @param {unknown} body
 * @param {string} name
 * @param {string} once its Idempotency-Key
 */
export async function download(path, body, name, once) {
  const headers = {
    Accept: 'text/csv, application/problem+json',
    'Content-Type': 'application/json',
    'Idempotency-Key': once,
  };
  const response = await reach(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw refusal(response.status, path, await response.json().catch(() => null));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A fresh Idempotency-Key. `crypto.randomUUID` exists only on https and localhost. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The signed-in operator, or null. @returns {Promise<Me | null>} */
export async function session() {
  try {
    return await get('/v1/session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}
