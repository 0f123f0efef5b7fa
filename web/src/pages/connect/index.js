/**
 * "Connect a phone": from a phone in somebody's pocket to a push in three steps. This file only puts them together.
 *
 * The connected phone outlives the dialog, so opening it again shows the same one; a phone that never spoke is removed.
 */
import { ApiError, call, get, newKey, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { explain } from '../../ui/widgets.js';
import { wideDialog } from '../../ui/wide_dialog.js';
import { makeCodes } from './codes.js';
import { makeReach } from './reach.js';
import { makeSteps } from './steps.js';

/** @import {Context, PhoneLinks, PhoneSteps} from '../../types' */

const EVERY_MS = 1000;
/**
 * The phone of this visit; its links are in memory only. `at`: when they came, by this browser's own clock.
 * @type {{made: PhoneLinks, address: string | null, at: number} | null}
 */
let kept = null;

/** @param {Context} context */
export function openConnect(context) {
  const isDemo = context.me.tenant.is_demo;
  let isOpen = true;
  let wasConnected = false;
  const dialog = wideDialog('Connect a phone', { testid: 'connect-dialog', onClose: stop });
  const complaint = h('p', { class: 'form-error', role: 'alert', hidden: true, 'data-testid': 'connect-error' });
  const reach = makeReach({
    onReady: connect,
    onClosed() {
      // the links lead nowhere now
      scan.hidden = true;
      if (!wasConnected) remove();
    },
  });
  const codes = makeCodes({ onConsent: agree, onRenew: renew, announce: context.announce });
  const steps = makeSteps({ onBring: bring, announce: context.announce, canBring: isDemo });
  const forget = h(
    'button',
    {
      type: 'button',
      class: 'button button-danger',
      hidden: true,
      'data-testid': 'connect-remove',
      on: { click: disconnect },
    },
    'Disconnect this phone',
  );
  const done = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'connect-done', on: { click: dialog.close } },
    'Close',
  );
  const scan = part(isDemo ? 2 : 1, 'Connect the phone', codes.node, 'connect-part-code');
  scan.hidden = true;
  steps.show(null);
  const layout = h(
    'div',
    { class: 'connect' },
    h(
      'div',
      { class: 'connect-left' },
      isDemo && part(1, 'Let phones reach this computer', reach.node, 'connect-part-reach'),
      scan,
    ),
    part(isDemo ? 3 : 2, 'See it arrive', steps.node, 'connect-part-steps'),
  );
  fill(dialog.body, complaint, layout);
  fill(dialog.foot, forget, done);
  const clockwork = window.setInterval(tick, EVERY_MS);
  if (isDemo) reach.start();
  else connect(null);

  function tick() {
    const now = Date.now();
    reach.tick(now);
    codes.tick(now);
    look();
  }

  /** The phone of this visit if it is still there and reached the same way, else a new one. @param {string | null} address */
  async function connect(address) {
    try {
      const there = await look();
      if (!kept || !there) keep(await post('/v1/connect', { address }, { once: newKey() }), address);
      else if (kept.address !== address) await again(address);
    } catch (error) {
      return complain(error);
    }
    if (!isOpen) return wasConnected ? undefined : remove();
    complain(null);
    showCodes();
    await look();
  }

  /** New links for the same phone. @param {string | null} address */
  async function again(address) {
    if (kept) keep(await post(`/v1/connect/${kept.made.device_id}/code`, { address }), address);
  }

  /** @param {PhoneLinks} made @param {string | null} address */
  function keep(made, address) {
    kept = { made, address, at: Date.now() };
  }

  function showCodes() {
    if (!kept) return;
    codes.show(kept.made, kept.at);
    scan.hidden = false;
  }

  /** Reads how far the phone is; whether it is there at all. */
  async function look() {
    if (!kept) return false;
    try {
      follow(await get(`/v1/connect/${kept.made.device_id}`));
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) lose();
      // a lost connection shows in the console's own sign; the next second asks again
      return false;
    }
  }

  /** @param {PhoneSteps} found */
  function follow(found) {
    if (!isOpen || found.device_id !== kept?.made.device_id) return;
    wasConnected = Boolean(found.connected);
    forget.hidden = !wasConnected;
    layout.classList.toggle('is-connected', wasConnected);
    codes.follow(found);
    steps.show(found);
  }

  /** @param {boolean} agrees */
  async function agree(agrees) {
    const decided = agrees ? 'granted' : 'denied';
    await attempt(async () => {
      await call('PUT', `/v1/connect/${kept?.made.device_id}/consents`, {
        body: { location: decided, marketing_push: decided },
      });
      await look();
    });
  }

  /** @param {'mall' | 'circle' | null} to */
  async function bring(to) {
    await attempt(async () => follow(await post(`/v1/connect/${kept?.made.device_id}/relocation`, { to })));
  }

  async function renew() {
    await attempt(async () => {
      await again(kept?.address ?? null);
      showCodes();
      await look();
    });
  }

  async function disconnect() {
    await remove();
    context.toast('The phone is disconnected: its positions are deleted.');
    dialog.close();
  }

  /** Forgets the phone here and on the server. */
  async function remove() {
    const id = kept?.made.device_id;
    lose();
    if (id) await attempt(() => call('DELETE', `/v1/connect/${id}`));
  }

  function lose() {
    kept = null;
    wasConnected = false;
    scan.hidden = true;
    forget.hidden = true;
    steps.show(null);
  }

  /** @param {() => Promise<unknown>} work */
  async function attempt(work) {
    try {
      await work();
      complain(null);
    } catch (error) {
      complain(error);
    }
  }

  /** @param {unknown} error null when all is well */
  function complain(error) {
    complaint.hidden = !error;
    fill(complaint, error ? explain(error) : null);
  }

  function stop() {
    isOpen = false;
    window.clearInterval(clockwork);
    if (!wasConnected) remove();
  }
}

/** @param {number} number @param {string} title @param {HTMLElement} content @param {string} testid */
const part = (number, title, content, testid) =>
  h(
    'section',
    { class: 'connect-part', 'aria-label': title, 'data-testid': testid },
    h('h3', null, h('span', { class: 'connect-number', 'aria-hidden': 'true' }, number), title),
    content,
  );
