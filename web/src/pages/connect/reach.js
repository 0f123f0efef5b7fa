/** Step one: how phones reach this computer. Opening the listener is asked about, counted down, and taken back at will. */
import { call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, failure, loading } from '../../ui/widgets.js';
import { left } from './words.js';

/** @import {Lan} from '../../types' */

const ASK_MS = 10_000;
const MEANS = [
  'Phones in the same network as this computer reach what phones need: sending positions, consents, the inbox, the shopper page.',
  'The console, keys and everybody else’s data stay closed to them.',
  'It is not encrypted: do it at home or in the office, not in a café.',
  'It ends by itself after two hours, with the server, or when you say so.',
];

/**
 * @param {{onReady: (address: string | null) => void, onClosed: () => void}} options `onReady` hears the chosen address,
 *   null for the server's own
 */
export function makeReach({ onReady, onClosed }) {
  const node = h('div', { class: 'connect-reach', 'data-testid': 'connect-reach' });
  const countdown = h('strong', { 'data-testid': 'lan-left' });
  /** @type {Lan | null} */
  let lan = null;
  let askedAt = 0;

  async function start() {
    fill(node, loading());
    try {
      lan = await get('/v1/connect/lan');
      draw();
      if (lan?.public_url) onReady(null);
      else if (lan?.open) onReady(lan.url);
    } catch (error) {
      fill(node, failure(error, start));
    }
  }

  async function open() {
    const answer = await ask({
      title: 'Let phones reach this computer?',
      testid: 'lan-confirm',
      body: h(
        'ul',
        { class: 'bullets' },
        MEANS.map((words) => h('li', null, words)),
      ),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Let phones in for 2 hours', value: 'open', tone: 'primary', testid: 'lan-yes' },
      ],
    });
    if (answer !== 'open') return;
    try {
      lan = /** @type {Lan} */ (await post('/v1/connect/lan'));
      draw();
      onReady(lan.url);
    } catch (error) {
      draw(explain(error));
    }
  }

  async function close() {
    try {
      await call('DELETE', '/v1/connect/lan');
      await start();
      onClosed();
    } catch (error) {
      draw(explain(error));
    }
  }

  /** @param {string} [complaint] */
  function draw(complaint) {
    if (!lan) return;
    const bad = complaint && h('p', { class: 'form-error', role: 'alert', 'data-testid': 'lan-error' }, complaint);
    if (lan.public_url)
      return fill(node, h('p', null, 'Phones reach this server at ', h('strong', null, lan.public_url), '.'));
    if (!lan.open)
      return fill(
        node,
        bad,
        h('p', null, 'This server answers this computer only. Phones in the same Wi-Fi can be let in, for a while.'),
        h(
          'div',
          { class: 'connect-reach-buttons' },
          button('Let phones in…', 'button-primary', 'lan-open', open),
          button('Only a browser on this computer', 'button-quiet', 'lan-skip', () => onReady(null)),
        ),
      );
    tick(Date.now());
    fill(
      node,
      bad,
      h('p', null, 'Phones are let in, for ', countdown, ' more.'),
      h(
        'div',
        { class: 'connect-reach-buttons' },
        lan.urls.length > 1 ? addresses(lan) : h('code', { 'data-testid': 'lan-url' }, lan.url),
        button('Close now', '', 'lan-close', close),
      ),
    );
  }

  /** @param {Lan} found */
  function addresses({ url, urls }) {
    return h(
      'label',
      { class: 'connect-reach-address' },
      'This computer in the phone’s network',
      h(
        'select',
        { 'data-testid': 'lan-address', on: { change: (/** @type {any} */ event) => onReady(event.target.value) } },
        urls.map((one) => h('option', { value: one, selected: one === url }, one)),
      ),
    );
  }

  /** Once a second. @param {number} now */
  function tick(now) {
    if (!lan?.open || !lan.until) return;
    const until = Date.parse(lan.until);
    fill(countdown, left(until, now));
    // the server knows: this browser's clock may be a wrong one
    if (now < until || now - askedAt < ASK_MS) return;
    askedAt = now;
    askAgain();
  }

  async function askAgain() {
    const found = /** @type {Lan | null} */ (await get('/v1/connect/lan').catch(() => null));
    if (!found || found.open) return;
    lan = found;
    draw('The two hours are over: phones are no longer let in.');
    onClosed();
  }

  return { node, start, tick };
}

/** @param {string} words @param {string} look @param {string} testid @param {() => void} click */
const button = (words, look, testid, click) =>
  h(
    'button',
    { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } },
    testid === 'lan-open' && icon('phone', 18),
    words,
  );
