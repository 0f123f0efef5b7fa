/** How a shop's name fits into its footprint at one zoom. Pure: the text measure is handed in. */

/** @typedef {{lines: string[], size: number, turned: boolean}} Fit */

const SIZES = [13, 12, 11, 10];
const LINE_HEIGHT = 1.15;
const MAX_LINES = 3;

/**
 * The largest setting of a name that fits a box: over up to three lines, then turned by 90°, else null.
 * @param {string} name
 * @param {number} width pixels
 * @param {number} height pixels
 * @param {(text: string, size: number) => number} measure
 * @returns {Fit | null}
 */
export function fitLabel(name, width, height, measure) {
  for (const turned of [false, true]) {
    const [along, across] = turned ? [height, width] : [width, height];
    for (const size of SIZES) {
      const lines = wrap(name, along, (text) => measure(text, size));
      if (lines && lines.length <= MAX_LINES && lines.length * size * LINE_HEIGHT <= across)
        return { lines, size, turned };
    }
  }
  return null;
}

/**
 * Words put into lines no wider than `width`, or null when one word alone is wider.
 * @param {string} name
 * @param {number} width
 * @param {(text: string) => number} measure
 */
export function wrap(name, width, measure) {
  /** @type {string[]} */
  const lines = [];
  for (const word of name.split(/\s+/)) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && measure(longer) <= width) lines[lines.length - 1] = longer;
    else if (measure(word) <= width) lines.push(word);
    else return null;
  }
  return lines;
}
