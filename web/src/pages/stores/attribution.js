/** Who made the street tiles: the configured text, of whose HTML only words and links survive. */
import { h } from '../../ui/dom.js';

/** @param {string} html */
export function attribution(html) {
  const parsed = new DOMParser().parseFromString(html, 'text/html').body;
  const pieces = [...parsed.childNodes].map((node) => {
    const href = node instanceof HTMLAnchorElement ? node.href : '';
    const words = node.textContent ?? '';
    return /^https?:/.test(href) ? h('a', { href, target: '_blank', rel: 'noopener' }, words) : words;
  });
  return h('p', { class: 'attribution', 'data-testid': 'attribution' }, pieces);
}
