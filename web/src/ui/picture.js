/** Pictures of products. */
import { h } from './dom.js';
import { initials } from './format.js';

/**
 * A product's picture, from our own server or an origin that the server was told of (the page's policy stops all others);
 * else its letters.
 * @param {{name: string, image_url: string | null}} line
 * @param {string[]} origins
 */
export function picture({ name, image_url: url }, origins) {
  const address = url && URL.parse(url, location.href);
  if (address && (address.protocol === 'data:' || [location.origin, ...origins].includes(address.origin)))
    return h('img', { class: 'thing-picture', src: url, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' });
  return h('span', { class: 'thing-picture', 'aria-hidden': 'true' }, initials(name));
}
