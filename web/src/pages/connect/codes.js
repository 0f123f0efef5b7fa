/** One QR code with its instructions per way to connect, in tabs. Nothing here is kept: links hold credentials. */
import { fill, h, uid } from '../../ui/dom.js';
import { checkField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { CLIENTS, left } from './words.js';

/** @import {PhoneLinks, PhoneSteps} from '../../types' */
/** @import {Client} from './words.js' */

const ORDER = /** @type {Client[]} */ (['shopper', 'owntracks', 'overland', 'traccar']);
const GOOD_MS = 15 * 60_000;
const AGREED =
  'I hold this phone and agree that its positions are used for this trial, and that it gets the trial’s messages.';

/**
 * @param {{onConsent: (agrees: boolean) => Promise<void>, onRenew: () => void, announce: (text: string) => void}} options
 */
export function makeCodes({ onConsent, onRenew, announce }) {
  /** @type {PhoneLinks | null} */
  let made = null;
  /** @type {PhoneSteps | null} */
  let steps = null;
  /** @type {Client} */
  let current = 'shopper';
  /** when the code ends, by this browser's own clock, which may be a wrong one */
  let endsAt = 0;
  let isOver = false;
  const id = uid('connect');
  const tabs = ORDER.map((client) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        class: 'connect-tab',
        id: `${id}-${client}`,
        'aria-controls': `${id}-panel`,
        'data-testid': `connect-tab-${client}`,
        on: { click: () => choose(client) },
      },
      CLIENTS[client].tab,
    ),
  );
  const row = h(
    'div',
    { class: 'connect-tabs', role: 'tablist', 'aria-label': 'Ways to connect', on: { keydown } },
    tabs,
  );
  const panel = h('div', { class: 'connect-panel', role: 'tabpanel', id: `${id}-panel`, tabindex: 0 });
  const ends = h('p', { class: 'quiet', 'data-testid': 'code-ends' });
  const consent = checkField(AGREED, false, { testid: 'connect-consent' });
  consent.box.addEventListener('change', async () => {
    consent.box.disabled = true;
    await onConsent(consent.box.checked);
    consent.box.disabled = false;
    consent.box.focus();
  });

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    const shown = ORDER.filter((client) => client !== 'shopper' || made?.links.shopper);
    const at = shown.indexOf(current);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(shown[(next + shown.length) % shown.length]);
    tabs[ORDER.indexOf(current)].focus();
  }

  /** @param {Client} client */
  function choose(client) {
    current = client;
    draw();
  }

  function draw() {
    if (!made) return;
    ORDER.forEach((client, index) => {
      const isCurrent = client === current;
      tabs[index].setAttribute('aria-selected', String(isCurrent));
      tabs[index].tabIndex = isCurrent ? 0 : -1;
      tabs[index].hidden = client === 'shopper' && !made?.links.shopper;
    });
    panel.setAttribute('aria-labelledby', `${id}-${current}`);
    const { what, steps: todo } = CLIENTS[current];
    fill(
      panel,
      picture(made),
      h(
        'div',
        { class: 'connect-how' },
        h('p', null, what),
        h(
          'ol',
          { class: 'numbered' },
          todo.map((words) => h('li', null, words)),
        ),
        current === 'shopper' ? [warning(made), ends] : consent.node,
        !isGone() && link(made.links[current] ?? ''),
      ),
    );
    tick(Date.now());
  }

  /** A browser took the phone over since this code was made. */
  const isPaired = () =>
    Boolean(made && steps?.paired_at && Date.parse(steps.paired_at) >= Date.parse(made.expires_at) - GOOD_MS);
  const isGone = () => current === 'shopper' && (isOver || isPaired());

  /** @param {PhoneLinks} found */
  function picture(found) {
    const svg = found.qr[current];
    if (!isGone() && svg)
      return h('img', {
        class: 'connect-qr',
        src: `data:image/svg+xml,${encodeURIComponent(svg)}`,
        alt: `QR code for ${CLIENTS[current].tab}`,
        'data-testid': 'connect-qr',
      });
    return h(
      'div',
      { class: 'connect-qr connect-qr-gone', 'data-testid': isPaired() ? 'code-used' : 'code-expired' },
      icon(isPaired() ? 'check' : 'clock', 28),
      h('p', null, isPaired() ? 'This code was used: the phone is connected.' : 'This code is too old.'),
      h(
        'button',
        {
          type: 'button',
          class: `button ${isPaired() ? '' : 'button-primary'}`,
          'data-testid': 'code-renew',
          on: { click: onRenew },
        },
        'Make a new one',
      ),
    );
  }

  /** @param {PhoneLinks} found */
  function warning({ base_url: base }) {
    const { protocol, hostname } = new URL(base);
    if (protocol === 'https:' || hostname === 'localhost' || hostname.startsWith('127.')) return null;
    return h(
      'div',
      { class: 'connect-note connect-note-warn', 'data-testid': 'http-warning' },
      icon('warning', 18),
      h(
        'p',
        null,
        'Browsers give a page no position and no push without https. Messages, check-ins and “my data” work here all the same. ',
        'For positions connect OwnTracks too: page and app are then one phone.',
      ),
    );
  }

  /** @param {string} address */
  function link(address) {
    const field = h('input', {
      type: 'text',
      readonly: true,
      value: address,
      'aria-label': `Link for ${CLIENTS[current].tab}`,
      'data-testid': 'connect-link',
      on: { focus: () => field.select() },
    });
    const copy = async () => {
      field.select();
      try {
        // only https and localhost have the clipboard
        await navigator.clipboard.writeText(address);
        announce('The link is copied.');
        fill(button, icon('check', 18), 'Copied');
      } catch {
        announce('The link is selected: copy it with Ctrl+C.');
        fill(button, icon('copy', 18), 'Press Ctrl+C');
      }
    };
    const button = h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'connect-copy', on: { click: copy } },
      icon('copy', 18),
      'Copy link',
    );
    return h('div', { class: 'connect-link' }, field, button);
  }

  /** Once a second. @param {number} now */
  function tick(now) {
    if (!made) return;
    const before = isOver;
    isOver = now >= endsAt;
    fill(ends, isGone() ? null : `The code is good for ${left(endsAt, now)}, for one phone.`);
    if (isOver !== before && current === 'shopper') draw();
  }

  return {
    node: h('div', { class: 'connect-codes' }, row, panel),
    tick,
    /** @param {PhoneLinks} found @param {number} at when they came */
    show(found, at) {
      made = found;
      endsAt = at + GOOD_MS;
      steps = null;
      isOver = false;
      consent.box.checked = false;
      if (!found.links.shopper && current === 'shopper') current = 'owntracks';
      draw();
    },
    /** @param {PhoneSteps} found */
    follow(found) {
      const wasPaired = isPaired();
      steps = found;
      if (!consent.box.disabled) consent.box.checked = found.consent?.location === 'granted';
      if (isPaired() !== wasPaired) draw();
    },
  };
}
