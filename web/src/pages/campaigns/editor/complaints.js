/** The server's complaints about a campaign, brought to the field that each is about. */
/** @import {FieldError} from '../../../api.js' */
/** @import {Target} from '../../../types' */

// The server names the kind of a step, of a question and of an audience in the path to its members.
const STEP_KIND = /\/(steps|then|otherwise)\/([^/]+)\/(?:wait|wait_until|branch|message)(?=\/|$)/g;
const QUESTION_KIND = /\/when\/(?:attribute|segment|event|purchase)(?=\/|$)/g;
const AUDIENCE_KIND = /^\/audience\/(?:all|attribute|segment)(?=\/|$)/;

/** @param {string} [pointer] */
export const placeOf = (pointer = '') =>
  pointer
    .replace(/^#/, '')
    .replace(STEP_KIND, '/$1/$2')
    .replace(QUESTION_KIND, '/when')
    .replace(AUDIENCE_KIND, '/audience');

/**
 * Shows each complaint at the nearest place there is for it; gives back those that have none.
 * @param {FieldError[]} errors @param {Target[]} targets
 */
export function complain(errors, targets) {
  for (const [, field] of targets) field.setError(null);
  return errors.filter(({ pointer, detail }) => {
    const place = placeOf(pointer);
    const near = targets
      .filter(([path]) => place === path || place.startsWith(`${path}/`))
      .sort(([a], [b]) => b.length - a.length)[0];
    near?.[1].setError(detail);
    return !near;
  });
}
