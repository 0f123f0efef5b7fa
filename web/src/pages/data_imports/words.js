/** The shapes of imports as the API tells them, and their words. */
import { duration, number } from '../../ui/format.js';

/** @typedef {'products' | 'stock' | 'customers' | 'consents' | 'orders'} Kind */
/** @typedef {{decimal: string, timezone: string | null, day_order: string, region: string | null, currency: string | null}} Options */
/**
 * @typedef {object} Import
 * @property {string} id
 * @property {Kind} kind
 * @property {string} origin
 * @property {'waiting' | 'held' | 'queued' | 'running' | 'done' | 'cancelled' | 'failed'} status
 * @property {string} file_name
 * @property {number} size_bytes
 * @property {string} encoding
 * @property {string} delimiter
 * @property {boolean} compressed
 * @property {string[]} header
 * @property {Record<string, string>} mapping
 * @property {Options} options
 * @property {number} lines_total
 * @property {number} lines_done
 * @property {number} rows
 * @property {number} added
 * @property {number} updated
 * @property {number} unchanged
 * @property {number} refused
 * @property {number} errors
 * @property {number} share
 * @property {number | null} rows_per_s
 * @property {string | null} ends_at
 * @property {string | null} reason
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 */
/** @typedef {{name: string, field: string | null, examples: string[], problem: string | null}} Column */
/** @typedef {{line: number, cells: string[], becomes: string, flaws: {column: string, value: string, reason: string}[]}} Row */
/** @typedef {{columns: Column[], missing: Record<string, string>, rows: Row[]}} Preview */
/** @typedef {{name: string, words: string, about: string, required: boolean, many: boolean}} Field */
/** @typedef {{kind: Kind, fields: Field[], one_of: string[][]}} KindInfo */
/** @typedef {{id: string, kind: Kind, reason: string, detail: string, import_id: string | null, at: string, resolved_at: string | null}} DropAlert */
/** @typedef {{kind: Kind, pattern: string, last_at: string | null, usual_at: string | null, usual_lines: number | null, late_since: string | null}} DropFile */
/** @typedef {{enabled: boolean, files: DropFile[], alerts: DropAlert[]}} Drop */

/** @type {Record<Kind, string>} */
export const KINDS = {
  products: 'Products',
  stock: 'Stock',
  customers: 'Customers',
  consents: 'Consents',
  orders: 'Orders',
};

/** @type {Record<string, [string, string]>} */
const STATES = {
  waiting: ['waits for you', 'info'],
  held: ['held back', 'warn'],
  queued: ['about to start', 'info'],
  running: ['running', 'info'],
  done: ['done', 'ok'],
  cancelled: ['cancelled', 'quiet'],
  failed: ['failed', 'bad'],
};
const ORIGINS = { upload: 'uploaded here', drop: 'from the drop folder', command: 'by command' };

/** @param {Import} item @returns {[string, string]} */
export function stateOf({ status, errors }) {
  if (status === 'done' && errors > 0) return ['done, with errors', 'warn'];
  return STATES[status] ?? [status, 'quiet'];
}

/** @param {Import} item */
export const originText = ({ origin }) => ORIGINS[/** @type {keyof typeof ORIGINS} */ (origin)] ?? origin;

/** `12 new, 3 changed, 900 as they were, 2 refused` @param {Import} item */
export function resultText({ kind, added, updated, unchanged, refused }) {
  const parts = [
    added && `${number(added)} new`,
    updated && `${number(updated)} changed`,
    unchanged && `${number(unchanged)} as they were`,
    refused && `${number(refused)} refused`,
  ].filter(Boolean);
  return parts.length ? `${KINDS[kind]}: ${parts.join(', ')}` : 'Nothing came of it';
}

/** `1.4 MB` @param {number} bytes */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value.toLocaleString('en-GB', { maximumFractionDigits: 1 })} ${unit}`;
}

/** How the file was read. @param {Import} item */
export function fileText({ encoding, delimiter, compressed, lines_total, size_bytes }) {
  const between = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }[delimiter] ?? delimiter;
  const rows = Math.max(0, lines_total - 1);
  return [
    `${number(rows)} ${rows === 1 ? 'line' : 'lines'} below the header`,
    sizeText(size_bytes),
    encoding,
    `${between} between the cells`,
    compressed && 'compressed',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** @param {Import} item @param {number} [now] */
export function leftText({ ends_at, rows_per_s }, now = Date.now()) {
  const speed = rows_per_s ? `${number(Math.round(rows_per_s))} rows a second` : '';
  if (!ends_at) return speed;
  const seconds = Math.max(1, Math.round((new Date(ends_at).getTime() - now) / 1000));
  return `${speed} · done in about ${duration(seconds < 120 ? seconds : Math.round(seconds / 60) * 60)}`;
}

/** What a file's name says it holds. @param {string} name @returns {Kind | null} */
export function kindOfName(name) {
  const low = name.toLowerCase();
  const found = /** @type {[RegExp, Kind][]} */ ([
    [/consent|optin|opt-in|einwillig/, 'consents'],
    [/order|sale|transact|bestell|umsatz|receipt|beleg/, 'orders'],
    [/customer|kunde|contact|member|client/, 'customers'],
    [/stock|inventory|bestand|lager/, 'stock'],
    [/product|article|artikel|item|katalog|catalog/, 'products'],
  ]).find(([pattern]) => pattern.test(low));
  return found ? found[1] : null;
}
