/** Master recipes in words. */
import { number } from '../../ui/format.js';

/** @import {Master, MasterStore} from '../../types_marketplace' */

/** How far it is rolled out. @param {Master} master @returns {{text: string, tone: string}} */
export function standing({ everyone, trial, percent }) {
  if (trial !== null) return { text: `version ${trial} on trial in ${percent} %`, tone: 'info' };
  if (everyone !== null) return { text: `version ${everyone} everywhere`, tone: 'ok' };
  return { text: 'not rolled out', tone: 'quiet' };
}

/** @param {number} many */
export const storesText = (many) => `${number(many)} ${many === 1 ? 'store' : 'stores'}`;

/** What a store does. @param {MasterStore} store @returns {{text: string, tone: string}} */
export function storeState({ problem, is_due: isDue, opted_out_at: out, applied }) {
  if (problem) return { text: 'something is in its way', tone: 'bad' };
  if (isDue) return { text: 'being set', tone: 'info' };
  if (out) return { text: 'goes without', tone: 'warn' };
  return applied === null ? { text: 'runs nothing', tone: 'quiet' } : { text: `version ${applied}`, tone: 'ok' };
}
