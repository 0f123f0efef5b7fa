/**
 * The demo's phone noise: a slider, and what plain point-in-polygon and the engine make of the same walks, live. Demo
 * tenants only; elsewhere there is no panel.
 */
import { call, get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { clock, minute, number } from '../../ui/format.js';
import { explain } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { openWalk } from './noise_walk.js';

/** @import {Context} from '../../types' */
/** @import {Comparison, Simulation, Tally} from '../../types_simulation' */
/** @import {Venue} from './venue.js' */

const ASK_EVERY_MS = 2_000;
const BEGINS = 'Counting begins with the next positions…';
/** What so much noise is like, up to so many metres. @type {[number, string][]} */
const LIKE = [
  [0, 'no error at all'],
  [4, 'good indoors'],
  [9, 'usual indoors'],
  [16, 'poor reception'],
  [30, 'lost indoors'],
];

/** Its tab below the map. @param {Context} context @returns {[string, string, string][]} */
export const noiseTab = (context) => (context.me.tenant.is_demo ? [['noise', 'Noise', 'wifi']] : []);

/** @param {{context: Context, venue: () => Venue | null, grip: () => HTMLElement}} options */
export function makeNoise({ context, venue, grip }) {
  /** @param {HTMLElement | null} panel @param {HTMLElement} feed */
  const under = (panel, feed) => h('div', { class: 'under' }, feed, panel);
  if (!context.me.tenant.is_demo) return { beside: (/** @type {HTMLElement} */ feed) => under(null, feed), stop() {} };
  const abort = new AbortController();
  /** @type {Simulation | null} */
  let known = null;
  let isHeld = false;
  let timer = 0;

  const value = h('output', { class: 'noise-value', 'data-testid': 'noise-value' });
  const slider = h('input', {
    type: 'range',
    min: 0,
    max: 30,
    step: 1,
    value: 3,
    disabled: !may(context.me, 'edit'),
    'aria-label': 'Phone noise in metres',
    'data-testid': 'noise-slider',
    on: {
      input() {
        isHeld = true;
        showValue(Number(slider.value));
      },
      change: put,
    },
  });
  const body = h('div', { class: 'noise-body' });
  const node = h(
    'section',
    { class: 'noise-panel', 'aria-label': 'Phone noise', 'data-sheet': 'noise', 'data-testid': 'noise-panel' },
    grip(),
    h(
      'div',
      { class: 'noise-head' },
      h('h2', { title: 'How far off the simulated phones are, typically' }, 'Phone noise'),
      slider,
      value,
    ),
    body,
  );

  /** @param {number} metres */
  function showValue(metres) {
    const like = LIKE.find(([most]) => metres <= most)?.[1] ?? '';
    fill(value, h('b', null, `±${metres} m`), ` ${like}`);
    slider.setAttribute('aria-valuetext', `${metres} metres, ${like}`);
  }

  async function put() {
    const metres = Number(slider.value);
    isHeld = true;
    fill(body, h('p', { class: 'noise-none' }, BEGINS));
    try {
      const { data } = await call('PUT', '/v1/simulation', { body: { noise_m: metres }, signal: abort.signal });
      isHeld = false;
      show(data);
      context.announce(`Phones are ±${metres} metres off from now on; counting begins anew.`);
    } catch (error) {
      isHeld = false;
      if (!abort.signal.aborted) context.toast(explain(error), { tone: 'bad' });
    }
  }

  async function ask() {
    window.clearTimeout(timer);
    if (!document.hidden) {
      try {
        const simulation = await get('/v1/simulation', {}, abort.signal);
        if (!isHeld) show(simulation);
      } catch {
        // the next round tries again; that the link is lost is shown by the positions
      }
    }
    if (!abort.signal.aborted) timer = window.setTimeout(ask, ASK_EVERY_MS);
  }

  /** @param {Simulation} simulation */
  function show(simulation) {
    known = simulation;
    slider.value = String(Math.round(simulation.noise_m));
    showValue(Math.round(simulation.noise_m));
    const { comparison, is_running: isRunning } = simulation;
    fill(
      body,
      comparison
        ? numbers(comparison, isRunning)
        : h('p', { class: 'noise-none' }, isRunning ? BEGINS : 'Waiting for the simulated shoppers…'),
    );
  }

  /** @param {Comparison} comparison @param {boolean} isRunning */
  function numbers(comparison, isRunning) {
    const { plain, ours, visits, positions, since, saved, walk } = comparison;
    return [
      h(
        'div',
        { class: 'noise-ways' },
        way('Plain point-in-polygon', 'plain', plain, visits),
        way('geoengage', 'ours', ours, visits),
      ),
      h(
        'p',
        { class: 'noise-saved' },
        h(
          'span',
          { title: `${number(positions)} positions since ${clock(since)}, judged by both` },
          h('b', { 'data-testid': 'noise-saved' }, number(saved)),
          ` wrong ${saved === 1 ? 'push' : 'pushes'} saved since ${minute(since)}${isRunning ? '' : '; no walks now'}`,
        ),
        walk &&
          h(
            'button',
            { type: 'button', class: 'button button-small', 'data-testid': 'noise-walk', on: { click: look } },
            'See one walk',
          ),
      ),
    ];
  }

  function look() {
    const [place, walk] = [venue(), known?.comparison?.walk];
    if (place && walk) openWalk(context, place, walk);
  }

  showValue(3);
  ask();
  return {
    /** What lies under the map: the feed and this. @param {HTMLElement} feed */
    beside: (feed) => under(node, feed),
    stop() {
      abort.abort();
      window.clearTimeout(timer);
    },
  };
}

/** @param {string} title @param {string} name @param {Tally} tally @param {number} visits */
function way(title, name, { right, wrong, missed }, visits) {
  const words = [
    `${number(right)} right`,
    visits ? `${number(missed)} of ${number(visits)} long visits missed` : 'no long visit over yet',
  ];
  return h(
    'div',
    { class: `noise-way noise-${name}`, 'data-testid': `noise-${name}` },
    h('h3', null, title),
    h(
      'p',
      { class: 'noise-wrong', title: 'Entries of shoppers who were not there; each would push' },
      h('b', null, number(wrong)),
      ` wrong ${wrong === 1 ? 'push' : 'pushes'}`,
    ),
    h('p', { class: 'noise-more' }, words.join(' · ')),
  );
}
