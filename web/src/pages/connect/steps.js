/**
 * What has happened to the phone, as it happens: five ticks, and "Bring a mall to me" when it is far from every mall.
 */
import { fill, h } from '../../ui/dom.js';
import { clock } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { messageStatus, reasonText } from '../../ui/words.js';
import { clientName, distance, levelName } from './words.js';

/** @import {Child} from '../../ui/dom.js' */
/** @import {PhoneSteps} from '../../types' */
/** @typedef {{done: boolean, bad?: boolean, words: string, more?: Child}} Tick */

const FAR_M = 300;

/** @param {PhoneSteps | null} steps @returns {[string, Tick][]} */
function ticks(steps) {
  const { connected, consent, position, zone, last_message: message, relocation } = steps ?? {};
  const agreed = consent?.location === 'granted';
  const sent = message?.status === 'sent';
  return [
    [
      'connected',
      connected
        ? { done: true, words: 'Connected', more: `${clientName(connected.client)}, ${clock(connected.at)}` }
        : { done: false, words: 'Waiting for the phone', more: 'Scan the code with the phone.' },
    ],
    [
      'consent',
      !consent
        ? { done: false, words: 'Consent', more: 'Asked on the phone, or beside the code.' }
        : agreed
          ? { done: true, words: 'Consent recorded', more: clock(consent.at) }
          : { done: false, bad: true, words: 'No consent', more: 'Its positions are refused and not stored.' },
    ],
    [
      'position',
      position
        ? {
            done: true,
            words: `First position ±${Math.round(position.accuracy_m)} m`,
            more: where(position, relocation),
          }
        : { done: false, words: 'First position', more: agreed ? 'Send one from the phone.' : 'Needs consent.' },
    ],
    [
      'zone',
      zone
        ? { done: true, words: `In “${zone.name}”`, more: `since ${clock(zone.entered_at)}` }
        : { done: false, words: 'In a zone', more: 'Walk into one, or bring one here.' },
    ],
    [
      'message',
      !message
        ? { done: false, words: 'Message sent', more: 'When the zone has a running campaign.' }
        : sent
          ? { done: true, words: 'Message sent', more: `“${message.title}”, ${clock(message.at)}` }
          : {
              done: false,
              bad: message.status !== 'queued' && message.status !== 'sending',
              words: `Message ${messageStatus(message.status)}`,
              more: `“${message.title}”${message.reason ? `: ${reasonText(message.reason)}` : ''}`,
            },
    ],
  ];
}

/** @param {NonNullable<PhoneSteps['position']>} position @param {PhoneSteps['relocation'] | undefined} relocation */
function where({ level, nearest_mall_m: metres }, relocation) {
  if (relocation === 'circle') return 'moved into the trial’s circle';
  const mall = relocation ? 'the mall, moved there for the trial' : 'the nearest mall';
  const far = metres === null ? null : metres < 1 ? `in ${mall}` : `${distance(metres)} from ${mall}`;
  return [levelName(level), far].filter(Boolean).join(', ');
}

/**
 * @param {{onBring: (to: 'mall' | 'circle' | null) => Promise<void>, announce: (text: string) => void, canBring: boolean}} options
 */
export function makeSteps({ onBring, announce, canBring }) {
  const list = h('ol', { class: 'ticks', 'data-testid': 'connect-steps' });
  const bring = h('div', { class: 'bring', hidden: true, 'data-testid': 'connect-bring' });
  /** @type {Set<string>} */
  let told = new Set();
  let shown = '';
  let isBusy = false;

  /** @param {PhoneSteps | null} steps */
  function show(steps) {
    const all = ticks(steps);
    const now = JSON.stringify([all, steps?.relocation, isBusy]);
    if (now === shown) return;
    shown = now;
    fill(list, all.map(line));
    showBring(steps);
    for (const [name, { done, words, more }] of all) if (done && !told.has(name)) announce(`${words}. ${more ?? ''}`);
    told = new Set(all.filter(([, { done }]) => done).map(([name]) => name));
  }

  /** @param {[string, Tick]} tick */
  function line([name, { done, bad, words, more }]) {
    const state = done ? 'done' : bad ? 'bad' : 'open';
    return h(
      'li',
      { class: `tick tick-${state}`, 'data-testid': `step-${name}`, 'data-state': state },
      h('span', { class: 'tick-mark' }, done ? icon('check', 16) : bad ? icon('close', 16) : null),
      h(
        'div',
        null,
        h(
          'p',
          { class: 'tick-words' },
          words,
          h('span', { class: 'visually-hidden' }, done ? ' (done)' : ' (not yet)'),
        ),
        more && h('p', { class: 'quiet' }, more),
      ),
    );
  }

  /** @param {PhoneSteps | null} steps */
  function showBring(steps) {
    const position = steps?.position;
    const here = steps?.relocation ?? null;
    const isFar = position?.nearest_mall_m !== null && (position?.nearest_mall_m ?? 0) > FAR_M;
    bring.hidden = !canBring || !position || !(here || isFar);
    if (bring.hidden) return;
    const held = bring.contains(document.activeElement) ? document.activeElement?.getAttribute('data-testid') : null;
    fill(
      bring,
      h('h3', null, here ? 'A place was brought to this phone' : 'No mall near? Bring one to me'),
      h(
        'p',
        { class: 'quiet' },
        here === 'mall'
          ? 'It stands a few steps before the main entrance. Walk about: each step counts there.'
          : here === 'circle'
            ? 'It stands in the middle of a circle of 60 m. Walk out of it to see it leave.'
            : 'Lays a place around this phone, for this phone only: all its positions are moved there.',
      ),
      h(
        'div',
        { class: 'bring-buttons' },
        here !== 'circle' && choice('A 60 m welcome circle', 'circle', 'circle'),
        here !== 'mall' && choice('The mall’s entrance', 'store', 'mall'),
        here && choice('Back to where I am', 'undo', null),
      ),
    );
    if (held) /** @type {HTMLElement | null} */ (bring.querySelector(`[data-testid=${held}], button`))?.focus();
  }

  /** @param {string} words @param {'circle' | 'store' | 'undo'} name @param {'mall' | 'circle' | null} to */
  function choice(words, name, to) {
    return h(
      'button',
      {
        type: 'button',
        class: 'button',
        disabled: isBusy,
        'data-testid': `bring-${to ?? 'back'}`,
        on: {
          async click() {
            isBusy = true;
            await onBring(to);
            isBusy = false;
          },
        },
      },
      icon(name, 18),
      words,
    );
  }

  return { node: h('div', { class: 'connect-steps' }, list, bring), show };
}
