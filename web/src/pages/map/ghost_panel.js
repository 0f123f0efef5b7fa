/** The panel of the test walk: how the phone reports, how long to stay, and what the engine makes of it. It only shows. */
import { fill, h, uid } from '../../ui/dom.js';
import { checkField } from '../../ui/fields.js';
import { duration } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { pill } from '../../ui/widgets.js';
import { eventReason } from '../../ui/words.js';

/** @import {GhostResult, GhostZone} from '../../types' */

/** @type {[number, string][]} */
const STAYS = [
  [10, '10 s'],
  [60, '1 min'],
  [600, '10 min'],
];
const BEST_M = 3;
const WORST_M = 60;
const USUAL_M = 8;
/** Zones farther away than this are not worth a line, nor are more than so many. */
const NEAR_M = 15;
const MOST_ZONES = 6;
/** @type {Record<GhostZone['phase'], [string, string]>} */
const PHASES = {
  inside: ['inside', 'ok'],
  pending: ['not believed yet', 'info'],
  leaving: ['leaving', 'warn'],
  outside: ['outside', 'quiet'],
};
/** @type {Record<string, string>} */
const KINDS = {
  entered: 'Entered',
  dwelled: 'Stayed in',
  exited: 'Left',
  revised: 'Corrected',
  retracted: 'Taken back',
};

/**
 * @param {{onAccuracy: () => void, onChange: () => void, onStay: (seconds: number) => void, onReset: () => void,
 *   onClose: () => void}} events
 */
export function makeGhostPanel({ onAccuracy, onChange, onStay, onReset, onClose }) {
  const id = uid('ghost');
  const shown = h('output', { class: 'ghost-accuracy', for: id });
  const slider = h('input', {
    id,
    type: 'range',
    min: BEST_M,
    max: WORST_M,
    value: String(USUAL_M),
    'data-testid': 'ghost-accuracy',
    on: { input: accuracyMoved, change: onChange },
  });
  const silent = checkField('The phone does not say its floor', false, { testid: 'ghost-no-level' });
  silent.box.addEventListener('change', onChange);
  const time = h('span', { class: 'ghost-time', 'data-testid': 'ghost-time' });
  const zones = h('ul', { class: 'ghost-zones', 'data-testid': 'ghost-zones' });
  const events = h('ol', { class: 'ghost-events', 'data-testid': 'ghost-events' });
  const campaigns = h('ul', { class: 'ghost-campaigns', 'data-testid': 'ghost-campaigns' });
  const complaint = h('p', { class: 'ghost-complaint', role: 'alert', hidden: true });
  const node = h(
    'section',
    {
      class: 'ghost',
      'aria-label': 'Test walk',
      'data-testid': 'ghost',
      hidden: true,
    },
    h(
      'header',
      { class: 'panel-head' },
      icon('walk'),
      h('h2', null, 'Test walk', time),
      h(
        'button',
        { type: 'button', class: 'button button-small', 'data-testid': 'ghost-reset', on: { click: onReset } },
        'Start again',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          'aria-label': 'Close the test walk',
          'data-testid': 'ghost-close',
          on: { click: onClose },
        },
        icon('close'),
      ),
    ),
    h(
      'div',
      { class: 'ghost-scroll', tabindex: 0, role: 'group', 'aria-label': 'What the walk does' },
      h(
        'p',
        { class: 'ghost-hint' },
        'Drag the visitor on the map, or click where it should walk. Nothing is stored, and nobody gets a message.',
      ),
      h(
        'div',
        { class: 'ghost-stay', role: 'group', 'aria-label': 'Stay where it is' },
        h('span', { 'aria-hidden': 'true' }, 'Stay'),
        STAYS.map(([seconds, words]) =>
          h(
            'button',
            {
              type: 'button',
              class: 'button button-small',
              'aria-label': `Stay ${words}`,
              'data-testid': `ghost-stay-${seconds}`,
              on: { click: () => onStay(seconds) },
            },
            words,
          ),
        ),
      ),
      h('div', { class: 'ghost-phone' }, h('label', { for: id }, 'Accuracy ', shown), slider),
      silent.node,
      complaint,
      part('Zones here', zones),
      part('Messages it would set off', campaigns),
      part('What happened', events),
    ),
  );
  showAccuracy();

  function accuracyMoved() {
    showAccuracy();
    onAccuracy();
  }

  function showAccuracy() {
    fill(shown, `±${slider.value} m`);
  }

  /** @param {GhostResult['events'][number]} event */
  function sentence({ kind, name, reason, dwell_s }) {
    const stayed = dwell_s ? ` for ${duration(dwell_s)}` : '';
    const why = reason && kind !== 'dwelled' ? `: ${eventReason(reason)}` : '';
    return `${KINDS[kind] ?? kind} ${name}${stayed}${why}`;
  }

  return {
    node,
    sentence,
    /** @param {boolean} isShown */
    show(isShown) {
      node.hidden = !isShown;
    },
    accuracy: () => Number(slider.value),
    /** @param {number} metres */
    setAccuracy(metres) {
      slider.value = String(Math.round(metres));
      showAccuracy();
    },
    knowsLevel: () => !silent.box.checked,
    /** @param {number} seconds */
    setTime: (seconds) => fill(time, walked(seconds)),
    /** @param {string} text */
    fail(text) {
      fill(complaint, text);
      complaint.hidden = false;
    },
    /** @param {GhostResult} result @param {number} startedAt Unix ms @param {(zoneId: string | null) => boolean} isHere on the shown level */
    render(result, startedAt, isHere) {
      complaint.hidden = true;
      const near = result.zones
        .filter(({ phase, s_m, zone_id }) => phase !== 'outside' || ((s_m ?? Infinity) < NEAR_M && isHere(zone_id)))
        .slice(0, MOST_ZONES);
      fill(zones, near.length ? near.map(zoneLine) : h('li', { class: 'ghost-none' }, 'No zone is near.'));
      fill(
        campaigns,
        result.campaigns.length
          ? result.campaigns.map(campaignLine)
          : h('li', { class: 'ghost-none' }, 'No campaign waits for these zones.'),
      );
      const log = [...result.events]
        .reverse()
        .map((event) =>
          h(
            'li',
            null,
            h('span', { class: 'ghost-at' }, walked((Date.parse(event.at) - startedAt) / 1000)),
            h('span', null, sentence(event)),
          ),
        );
      fill(events, log.length ? log : h('li', { class: 'ghost-none' }, 'Nothing yet.'));
    },
  };
}

/** @param {string} title @param {Node} list */
const part = (title, list) => h('div', { class: 'ghost-part' }, h('h3', null, title), list);

/** @param {GhostZone} zone */
function zoneLine({ zone_id, name, phase, confidence, needed, text }) {
  const [words, tone] = PHASES[phase];
  const share = confidence ?? 0;
  return h(
    'li',
    { class: `ghost-zone ghost-${phase}`, 'data-testid': 'ghost-zone' },
    h(
      'div',
      { class: 'ghost-zone-head' },
      h('strong', null, zone_id === null ? `${name} (this draft)` : name),
      pill(words, tone),
    ),
    h(
      'div',
      { class: 'ghost-bar', role: 'img', 'aria-label': `Confidence ${share.toFixed(2)}, needs ${needed.toFixed(2)}` },
      h('span', { class: share >= needed ? 'ghost-enough' : '', style: { width: `${share * 100}%` } }),
      h('i', { style: { left: `${needed * 100}%` } }),
    ),
    h('p', null, text),
  );
}

/** @param {GhostResult['campaigns'][number]} campaign */
function campaignLine({ name, verdict, text }) {
  return h(
    'li',
    { class: 'ghost-campaign' },
    h(
      'div',
      { class: 'ghost-zone-head' },
      h('strong', null, name),
      verdict === 'would_send' ? pill('would send', 'ok') : pill('sends nothing', 'quiet'),
    ),
    h('p', null, text),
  );
}

/** 1:05 @param {number} seconds */
function walked(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
