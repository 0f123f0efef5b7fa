/** The switch "Tell me on this phone": web push that says that customers have written, while the page is closed. */

import { fill, h } from '../src/ui/dom.js';
import { subscriptionFor } from '../subscribing.js';
import { call } from '../till/api.js';
import { complaint } from './pieces.js';
import { forWorker, t } from './words.js';

const PHONES = '/v1/session/phones';
const CAN = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

/** What the server knows of this browser, and the browser's own subscription. */
async function ask() {
  const answer = await call('GET', PHONES);
  if (answer.is !== 'done') return { answer, key: '', phone: null, subscription: null };
  const registration = await navigator.serviceWorker.getRegistration('/shop/');
  const subscription = (await registration?.pushManager.getSubscription()) ?? null;
  const print = subscription && (await fingerprint(subscription.endpoint));
  /** @type {{id: string, fingerprint: string}[]} */
  const phones = answer.data.items;
  const phone = phones.find((each) => each.fingerprint === print) ?? null;
  return { answer, key: answer.data.vapid_public_key, phone, subscription };
}

/** @param {string} endpoint */
async function fingerprint(endpoint) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {PushSubscription} subscription */
const put = (subscription) => call('PUT', PHONES, { subscription: JSON.stringify(subscription) });

/** Put the words of the page's language where the service worker finds them. */
export async function handWords() {
  if (!CAN || Notification.permission !== 'granted') return;
  const cache = await caches.open('words-of-shop');
  await cache.put('/shop/words', new Response(JSON.stringify(forWorker())));
}

/** @returns {HTMLElement} empty until it is known how things are */
export function telling() {
  const node = h('div', { class: 'telling', 'data-testid': 'telling' });
  void look();
  return node;

  async function look() {
    if (!CAN) return show('none');
    if (Notification.permission === 'denied') return show('blocked');
    const { answer, phone, subscription } = await ask();
    if (answer.is !== 'done') return fill(node); // the list below says what is wrong
    const isOn = Boolean(phone && Notification.permission === 'granted');
    if (isOn && subscription) void put(subscription); // it ends with the session that named it last
    show(isOn ? 'on' : 'off');
  }

  /** @param {'none' | 'blocked' | 'off' | 'on'} state @param {string} [wrong] */
  function show(state, wrong) {
    node.dataset.state = state;
    const words = { none: 'tell.none', blocked: 'tell.blocked', off: 'tell.about', on: 'tell.about' };
    const isSwitch = state === 'off' || state === 'on';
    fill(
      node,
      isSwitch
        ? h(
            'button',
            {
              type: 'button',
              role: 'switch',
              'aria-checked': String(state === 'on'),
              'aria-describedby': 'telling',
              'data-testid': 'tell',
              on: { click: () => change(state === 'off') },
            },
            h('span', null, t('tell')),
            h('span', { class: 'knob', 'aria-hidden': 'true' }),
          )
        : h('strong', null, t('tell')),
      h('p', { id: 'telling', class: 'soft' }, t(words[state])),
      wrong && h('p', { class: 'bad', role: 'alert' }, wrong),
    );
  }

  /** @param {boolean} on */
  async function change(on) {
    const button = node.querySelector('button');
    if (button) button.disabled = true;
    const wrong = await (on ? begin() : end());
    if (wrong) show(on ? 'off' : 'on', wrong);
    else await look();
    node.querySelector('button')?.focus();
  }

  /** @returns {Promise<string | null>} what went wrong, in words */
  async function begin() {
    if ((await Notification.requestPermission()) !== 'granted') return null;
    const { answer, key } = await ask();
    if (answer.is !== 'done') return complaint(answer);
    let subscription;
    try {
      subscription = await subscriptionFor(await navigator.serviceWorker.ready, key);
    } catch {
      return t('tell.failed');
    }
    void handWords();
    const kept = await put(subscription);
    return kept.is === 'done' ? null : complaint(kept);
  }

  /** @returns {Promise<string | null>} what went wrong, in words */
  async function end() {
    const { answer, phone, subscription } = await ask();
    if (answer.is !== 'done') return complaint(answer);
    const gone = phone && (await call('DELETE', `${PHONES}/${phone.id}`));
    if (gone && gone.is !== 'done') return complaint(gone);
    await subscription?.unsubscribe();
    return null;
  }
}
