/** Numbers and months of the league in words. */

/** @param {number | null} share @param {boolean} [signed] */
export function percent(share, signed = false) {
  if (share === null) return '–';
  const text = (share * 100).toLocaleString('en-GB', {
    maximumFractionDigits: 1,
    signDisplay: signed ? 'exceptZero' : 'auto',
  });
  return `${text} %`;
}

/** `2026-11` as November 2026. @param {string} month */
export const monthText = (month) =>
  new Date(`${month}-15T12:00:00Z`).toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
