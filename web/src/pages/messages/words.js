/** What the ledger's filters are called, and which of them the API is asked for. */
/** @typedef {Record<string, string | null>} Filter as it stands in the address */

export const NAMES = ['status', 'reason', 'channel', 'campaign_id', 'since', 'pseudonym', 'day', 'profile_id', 'dead'];
/** @type {[string, string][]} */
export const SPANS = [
  ['', 'At any time'],
  ['1', 'In the last hour'],
  ['24', 'In the last 24 hours'],
  ['168', 'In the last 7 days'],
  ['720', 'In the last 30 days'],
];
const HOUR_MS = 3_600_000;
const USUAL_H = 720;

/** @param {URLSearchParams} query @returns {Filter} */
export const filterOf = (query) => Object.fromEntries(NAMES.map((name) => [name, query.get(name)]));

/** @param {Filter} filter */
export function asked({ since, ...rest }) {
  return { ...rest, after: since ? new Date(Date.now() - Number(since) * HOUR_MS).toISOString() : null };
}

/** What is counted: the filter without what the counts are by; without a time, those of a month. @param {Filter} filter */
export const counted = (filter) =>
  asked({ ...filter, status: null, reason: null, since: filter.since || `${USUAL_H}` });
