/** How an app's ways to its phones are, in words. */
import { ago, moment } from '../../ui/format.js';

/**
 * @typedef {object} Sender what GET /v1/apps/{id}/firebase answers
 * @property {string} project_id
 * @property {string} client_email
 * @property {'unchecked' | 'works' | 'fails'} status
 * @property {string | null} since
 * @property {string | null} checked_at
 * @property {string | null} detail
 * @property {string | null} paused_until
 */

const DAY_MS = 86_400_000;

/** `09:12` today, else with its date. @param {string} at @param {number} [now] */
const when = (at, now = Date.now()) => (now - new Date(at).getTime() < DAY_MS ? moment(at).split(', ')[1] : moment(at));

/** @param {Sender} sender @param {number} [now] @returns {{text: string, tone: string}} */
export function senderState({ status, since }, now) {
  if (status === 'works') return { text: 'works', tone: 'ok' };
  if (status === 'fails') return { text: since ? `fails since ${when(since, now)}` : 'fails', tone: 'bad' };
  return { text: 'not checked yet', tone: 'quiet' };
}

/** @param {Sender} sender @param {number} [now] */
export function checkedWords({ checked_at, paused_until }, now = Date.now()) {
  const paused = paused_until && new Date(paused_until).getTime() > now;
  return [
    checked_at ? `Checked ${ago(checked_at, now)}.` : 'Never checked.',
    paused && `Google asked for a pause until ${when(paused_until, now)}; messages wait so long.`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** How a test device is told from the others. @param {TestDevice} device */
export function deviceWords({ platform, client, pseudonym, push, connected_at, created_at }) {
  const name = { android: 'Android', ios: 'iPhone', web: 'Browser' }[platform] ?? platform;
  const way = push ? `push by ${{ fcm: 'Firebase', webpush: 'web push' }[push] ?? push}` : 'no push address';
  return `${client ?? name} · ${pseudonym} · since ${when(connected_at ?? created_at)} · ${way}`;
}

/**
 * @typedef {object} TestDevice an item of GET /v1/devices
 * @property {string} id
 * @property {string} app_id
 * @property {string} platform
 * @property {string | null} client
 * @property {string} pseudonym
 * @property {string | null} push
 * @property {string | null} connected_at
 * @property {string} created_at
 */
