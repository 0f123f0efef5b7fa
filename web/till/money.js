/** Amounts in the browser's way of writing them. */

/** @import {Line} from './types' */

/** @param {number} minor @param {string} currency */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

/** @param {Line[]} lines */
export const total = (lines) => lines.reduce((sum, line) => sum + line.quantity * line.item.price_minor, 0);
