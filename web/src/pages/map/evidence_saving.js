/** An evidence point's way to the server; of two operators the later one is asked whose work should count. */
import { ApiError, call } from '../../api.js';
import { h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { ask } from '../../ui/widgets.js';

/** @import {EvidencePoint} from '../../types' */

export const PATH = '/v1/evidence-points';

/**
 * @param {{point: EvidencePoint | null, etag: string | null, key: string, body: object}} draft `point` null creates it;
 *   `key` keeps a repeated creation from making two
 * @returns {Promise<EvidencePoint | null>} as it is stored now; null: back to the form
 */
export async function writePoint({ point, etag, key, body }) {
  if (!point) return (await call('POST', PATH, { body, once: key })).data;
  const url = `${PATH}/${point.id}`;
  try {
    return (await call('PATCH', url, { body, etag })).data;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    const theirs = await call('GET', url);
    const answer = await whose(theirs.data);
    if (answer === 'theirs') return theirs.data;
    return answer ? (await call('PATCH', url, { body, etag: theirs.etag })).data : null;
  }
}

/** @param {EvidencePoint} theirs */
function whose({ properties: { version, name, updated_at } }) {
  return ask({
    title: 'Someone else changed this point',
    testid: 'evidence-conflict',
    body: h(
      'p',
      null,
      `While you were editing, it was saved as version ${version} (“${name}”) at ${moment(updated_at)}. Which one should count?`,
    ),
    actions: [
      { label: 'Back', value: '' },
      { label: 'Take theirs', value: 'theirs', testid: 'take-theirs' },
      { label: 'Keep mine', value: 'mine', tone: 'primary', testid: 'keep-mine' },
    ],
  });
}
