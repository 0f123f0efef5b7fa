/**
 * A zone's way to the server: create or edit, publish, restore, the welcome push of a new one.
 *
 * Two operators: the server's ETag decides, and the later one is asked whose work should count (conflict.js).
 */
import { ApiError, call, newKey, post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { ask, explain } from '../../ui/widgets.js';
import { readZone } from './venue.js';

/** @import {Context, LonLat, Shape, Zone} from '../../types' */
/** @import {Venue} from './venue.js' */
/** @import {Values, Welcome} from './zone_form.js' */
/** @typedef {{zone: Zone, etag: string | null, isTheirs?: boolean}} Saved `isTheirs`: the other's version was chosen */

/**
 * @param {{venue: Venue, zone: Zone | null, etag: string | null, key: string, shape: Shape, isMoved: boolean, values: Values,
 *   settle: (base: Zone, theirs: Zone) => Promise<'mine' | 'theirs' | null>}} draft
 *   `zone` null creates it; `key` keeps a repeated creation from making two; an unmoved shape is not sent again; `settle`
 *   asks whose work counts when somebody else saved first
 * @returns {Promise<Saved>}
 */
export async function writeZone({ venue, zone, etag, key, shape, isMoved, values, settle }) {
  const properties = { ...clean(values, zone), ...radiusOf(shape, zone) };
  const body = { type: 'Feature', properties, ...(isMoved && { geometry: venue.toGeoJson(shape) }) };
  if (!zone) return saved(await call('POST', '/v1/zones', { body, once: key }));
  try {
    return saved(await call('PATCH', `/v1/zones/${zone.id}`, { body, etag }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    const theirs = await readZone(zone.id);
    const choice = await settle(zone, theirs.zone);
    if (choice === 'theirs') return { ...theirs, isTheirs: true };
    if (choice !== 'mine') throw error;
    // all of mine, not only what I changed: else their shape would stay under my name
    const whole = { ...body, geometry: venue.toGeoJson(shape) };
    return saved(await call('PATCH', `/v1/zones/${zone.id}`, { body: whole, etag: theirs.etag }));
  }
}

/** @param {{data: any, etag: string | null}} answer @returns {Saved} */
const saved = ({ data, etag }) => ({ zone: data, etag });

/** @param {Shape} shape @param {Zone | null} zone */
function radiusOf(shape, zone) {
  if (shape.type === 'Point') return { radius_m: shape.radius };
  return zone?.properties.radius_m ? { radius_m: null } : {};
}

/**
 * What is sent: a new zone leaves out what is empty, an edit says null so that the server clears it.
 * @param {Values} values
 * @param {Zone | null} zone
 */
export function clean(values, zone) {
  const isEdit = zone !== null;
  /** @param {unknown} value */
  const isEmpty = (value) =>
    value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
  /** @param {object} group */
  const drop = (group) => Object.fromEntries(Object.entries(group).filter(([, value]) => isEdit || !isEmpty(value)));
  // a key of the metadata that is gone is cleared by null (RFC 7396)
  const gone = Object.keys(zone?.properties.metadata ?? {}).map((key) => [key, null]);
  const groups = {
    rules: drop(values.rules ?? {}),
    schedule: drop(values.schedule ?? {}),
    metadata: { ...Object.fromEntries(gone), ...values.metadata },
  };
  return { ...drop(values), ...drop(groups), levels: values.levels };
}

/** @param {string} id @param {boolean} published @returns {Promise<Saved>} */
export async function setPublished(id, published) {
  const answer = await call('POST', `/v1/zones/${id}/${published ? 'publish' : 'unpublish'}`);
  return answer.data?.properties ? saved(answer) : readZone(id);
}

/** @param {string} id @param {number} version @param {string | null} etag @returns {Promise<Saved>} */
export const restoreVersion = async (id, version, etag) =>
  saved(await call('POST', `/v1/zones/${id}/versions/${version}/restore`, { etag }));

/**
 * The welcome push of a new zone is an ordinary campaign.
 * @param {Zone} zone
 * @param {Welcome} text
 * @param {Context} context
 */
export async function greet(zone, { title, body }, context) {
  const campaign = {
    name: `Welcome: ${zone.properties.name}`,
    store_id: zone.properties.store_id,
    trigger: { kind: 'entered', zone_ids: [zone.id], store_ids: [] },
    audience: { kind: 'all' },
    days: [],
    hours: null,
    quiet_hours: 'tenant',
    cap: { count: 1, per_days: 1 },
    cooldown_s: 3600,
    purpose: 'marketing',
    title,
    body,
    fallback_name: 'there',
  };
  try {
    const made = await post('/v1/campaigns', campaign, { once: newKey() });
    const active = await post(`/v1/campaigns/${made.id}/activate`);
    if (active.status === 'in_review')
      context.toast('The welcome push waits for approval.', { href: '/review', link: 'Review' });
  } catch (error) {
    context.toast(`The zone is live, but its welcome push is not: ${explain(error)}`, { tone: 'bad' });
  }
}

/** @param {string} title @param {string} text @param {string} action */
export async function confirm(title, text, action) {
  const actions = [
    { label: 'Keep it', value: '' },
    { label: action, value: 'yes', tone: 'danger', testid: 'confirm' },
  ];
  return (await ask({ title, testid: 'confirm-dialog', body: h('p', null, text), actions })) === 'yes';
}

/**
 * Where on the map a complaint about the shape is: at the corner its pointer names, or at the coordinates it quotes.
 * @param {ApiError} error
 * @param {unknown} geometry as it was sent
 * @returns {LonLat | null}
 */
export function placeOf(error, geometry) {
  for (const { pointer = '', detail } of error.errors) {
    const path = pointer.replace(/^#?\//, '').split('/');
    if (path[0] !== 'geometry') continue;
    const quoted = /\[(-?[\d.]+)[ ,]+(-?[\d.]+)\]/.exec(detail);
    if (quoted) return [Number(quoted[1]), Number(quoted[2])];
    let value = /** @type {any} */ (geometry);
    for (const key of path.slice(1)) {
      value = value?.[key];
      if (Array.isArray(value) && value.length === 2 && value.every(Number.isFinite))
        return /** @type {LonLat} */ (value);
    }
  }
  return null;
}
