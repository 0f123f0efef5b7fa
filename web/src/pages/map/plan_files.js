/** Pictures of floor plans on the server: one per level, with the ETag that an edit needs. */
import { ApiError, call, upload } from '../../api.js';

/** @import {Level, PlanPicture} from '../../types' */
/** @typedef {{plan: PlanPicture, etag: string | null}} Kept */

const MOST_BYTES = 10e6;
/** @type {Record<string, string>} */
const TYPES = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp' };

/** @param {Level} level */
const path = ({ id, properties }) => `/v1/malls/${properties.mall_id}/levels/${id}/plan`;

export function makePlanFiles() {
  /** @type {Map<string, Kept | null>} by level */
  const known = new Map();
  /** One edit after the other: each needs the ETag that the one before it gave. @type {Promise<unknown>} */
  let last = Promise.resolve();

  /** @param {Level} level @param {{data: PlanPicture, etag: string | null}} answer @returns {PlanPicture} */
  function keep(level, { data, etag }) {
    known.set(level.id, { plan: data, etag });
    level.properties.plan_version = data.version;
    return data;
  }

  /** @param {Level} level @param {Partial<PlanPicture>} body @param {string} [like] */
  async function edit(level, body, like) {
    const etag = known.get(level.id)?.etag;
    try {
      return keep(level, await call('PATCH', path(level), { body, etag, query: { like } }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      keep(level, await call('GET', path(level)));
      const detail = 'Somebody else changed this plan meanwhile. Reload the page to see it, then change it again.';
      throw new ApiError(412, { detail });
    }
  }

  return {
    /** The plan of a level, or null where it has none. @param {Level} level @returns {Promise<PlanPicture | null>} */
    async read(level) {
      if (!level.properties.plan_version) return null;
      return known.get(level.id)?.plan ?? keep(level, await call('GET', path(level)));
    },
    /** @param {Level} level @param {File} file @param {(share: number) => void} onProgress */
    async put(level, file, onProgress) {
      const type = TYPES[/\.(\w+)$/.exec(file.name.toLowerCase())?.[1] ?? ''];
      if (!type)
        throw new ApiError(415, { detail: 'Choose a PNG, JPEG or WebP picture. A PDF can be saved as one first.' });
      if (file.size > MOST_BYTES)
        throw new ApiError(413, { detail: 'The picture is larger than 10 MB. Save it smaller, for example as JPEG.' });
      return keep(level, await upload('PUT', path(level), { body: file, type, onProgress }));
    },
    /**
     * @param {Level} level
     * @param {Partial<PlanPicture>} body
     * @param {string} [like] level whose placement is taken
     * @returns {Promise<PlanPicture>}
     */
    patch(level, body, like) {
      const next = last.catch(() => {}).then(() => edit(level, body, like));
      last = next;
      return next;
    },
    /** @param {Level} level */
    async remove(level) {
      await call('DELETE', path(level));
      known.delete(level.id);
      level.properties.plan_version = null;
    },
  };
}
