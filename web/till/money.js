/** Amounts in the browser's way of writing them. */

import { digitsOf } from '../src/ui/decimals.js';

/** @import {Line} from './types' */

/** @param {number} minor @param {string} currency */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  return format.format(minor / 10 ** digitsOf(currency));
}

/** @param {Line[]} lines */
export const total = (lines) => lines.reduce((sum, line) => sum + line.quantity * line.item.price_minor, 0);
