/** A QR code as an SVG that a phone reads from the screen: dark on white whatever the page looks like, with its margin. */
import { encode } from 'uqr';
import { svg } from './dom.js';

const MARGIN = 4;

/** @param {string} text @param {string} label read out in place of the picture */
export function qrCode(text, label) {
  const { data, size } = encode(text, { ecc: 'M', border: MARGIN });
  return svg(
    'svg',
    { viewBox: `0 0 ${size} ${size}`, class: 'qr', role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    svg('rect', { width: size, height: size, fill: '#ffffff' }),
    svg('path', { d: data.flatMap(runs).join(''), fill: '#000000' }),
  );
}

/** The dark runs of a row, one rectangle each. @param {boolean[]} row @param {number} y */
function runs(row, y) {
  const found = [];
  for (let x = 0; x < row.length; x++) {
    if (!row[x]) continue;
    const start = x;
    while (row[x]) x += 1;
    found.push(`M${start} ${y}h${x - start}v1h${start - x}z`);
  }
  return found;
}
