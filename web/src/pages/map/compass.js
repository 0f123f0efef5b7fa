/** A needle that shows where north is: malls are drawn along their own axis. */
import { fill, svg } from '../../ui/dom.js';

/** @param {HTMLElement} node @param {number} bearing clockwise angle from north to up, degrees */
export function turnCompass(node, bearing) {
  const turn = Math.round(bearing);
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', `North is ${Math.abs(turn)}° ${turn >= 0 ? 'left' : 'right'} of up`);
  fill(
    node,
    svg(
      'svg',
      { viewBox: '0 0 40 40', width: 40, height: 40, style: { transform: `rotate(${-bearing}deg)` } },
      svg('path', { d: 'M20 5l5 15h-10z', class: 'compass-north' }),
      svg('path', { d: 'M20 35l-5-15h10z', class: 'compass-south' }),
      svg('text', { x: 20, y: 4.5, class: 'compass-letter', 'text-anchor': 'middle' }, 'N'),
    ),
  );
}
