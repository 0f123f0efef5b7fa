/** The zone under the editor as the API takes it to judge it, to look back with it or to walk through it. Stores nothing. */
import { clean } from './saving.js';

/** @import {GeoJson} from '../../types' */
/** @import {DraftSnapshot} from './editing.js' */
/** @import {Venue} from './venue.js' */

/**
 * @param {Venue} venue
 * @param {DraftSnapshot | null} draft
 * @returns {{geometry: GeoJson, properties: object, zone_id?: string} | null} null without a shape
 */
export function draftBody(venue, draft) {
  if (!draft?.shape) return null;
  const { values, shape, zoneId } = draft;
  const properties = {
    ...clean(values, null),
    // somebody may be typing it
    name: values.name || 'New zone',
    ...(shape.type === 'Point' && { radius_m: shape.radius }),
  };
  return { geometry: venue.toGeoJson(shape), properties, ...(zoneId && { zone_id: zoneId }) };
}
