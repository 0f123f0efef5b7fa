/**
 * The picture that can be played: drawing, a slider over time, lanes, and what was believed at the moment shown, in
 * numbers. Everything follows one moment.
 */
import { fill, h } from '../../ui/dom.js';
import { clock } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { phaseText, sourceText } from '../../ui/words.js';
import { makeLanes } from './lanes.js';
import { makePicture } from './picture.js';
import { nextStop, usualSpeed } from './story.js';

/** @import {Explanation, ZoneVerdict} from '../../types' */
/** @import {Moment, Story} from './story.js' */
/** @import {Scene} from './scene.js' */

const SPEEDS = [1, 5, 10, 30, 60];
/** With little motion wanted, playing goes from change to change. */
const STEP_MS = 700;
const MOST_ROWS = 4;

/**
 * @param {Explanation} explanation @param {Story} story @param {Scene} scene
 * @param {{widthPx: number, at?: number | null}} options `at`: the moment to begin at
 */
export function makePlayer(explanation, story, scene, { widthPx, at }) {
  const picture = makePicture(explanation, story, scene, widthPx);
  const lanes = makeLanes(story, (to) => seek(to));
  const slider = h('input', {
    type: 'range',
    class: 'player-slider',
    min: 0,
    max: Math.round((story.end - story.start) / 100),
    step: 1,
    'aria-label': 'Moment',
    'data-testid': 'player-slider',
    on: {
      input: () => seek(slider.value === slider.max ? story.end : story.start + Number(slider.value) * 100),
      keydown,
    },
  });
  const playButton = h('button', {
    type: 'button',
    class: 'button button-small player-play',
    'data-testid': 'player-play',
    on: { click: () => (timer ? pause() : play()) },
  });
  const speed = h(
    'select',
    { 'aria-label': 'Speed', class: 'player-speed', 'data-testid': 'player-speed' },
    SPEEDS.map((times) => h('option', { value: times, selected: times === usualSpeed(story, SPEEDS) }, `${times}×`)),
  );
  const time = h('strong', { class: 'player-time', 'data-testid': 'player-time' });
  const heard = h('p', { class: 'player-heard', 'data-testid': 'player-heard' });
  const believed = h('ul', { class: 'player-believed', 'data-testid': 'player-believed' });
  let now = story.start;
  /** A timer or an animation frame, 0 while nothing plays. */
  let timer = 0;

  /** @param {string} label @param {string} name @param {1 | -1} way */
  const stepButton = (label, name, way) =>
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': label,
        title: label,
        'data-testid': `player-${name}`,
        on: { click: () => seek(nextStop(story, now, way)) },
      },
      icon(name),
    );

  /** @param {number} to */
  function show(to) {
    now = Math.min(story.end, Math.max(story.start, to));
    const moment = story.at(now);
    const floor = picture.show(moment);
    lanes.show(moment);
    slider.value = String(Math.round((now - story.start) / 100));
    fill(time, clock(now));
    fill(heard, heardWords(moment, floor));
    const rows = rowsOf(moment);
    fill(
      believed,
      rows.slice(0, MOST_ROWS).map(({ zone }) => row(zone, moment)),
      rows.length === 0 && h('li', { class: 'quiet' }, 'In no zone, and near none.'),
    );
    slider.setAttribute('aria-valuetext', `${clock(now)}. ${rows.slice(0, 2).map(said).join('. ') || 'In no zone'}`);
  }

  /** By hand: playing ends. @param {number} to */
  function seek(to) {
    pause();
    show(to);
  }

  function pause() {
    window.clearTimeout(timer);
    window.cancelAnimationFrame(timer);
    timer = 0;
    fill(playButton, icon('play', 16), 'Play');
  }

  function play() {
    if (now >= story.end) show(story.start);
    fill(playButton, icon('pause', 16), 'Pause');
    if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) stepOn();
    else timer = window.requestAnimationFrame(run(performance.now(), now));
  }

  /** @param {number} began @param {number} from */
  const run = (began, from) => (/** @type {number} */ at) => {
    if (!playButton.isConnected) return;
    show(from + (at - began) * Number(speed.value));
    if (now >= story.end) pause();
    else timer = window.requestAnimationFrame(run(began, from));
  };

  function stepOn() {
    if (!playButton.isConnected) return;
    show(nextStop(story, now, 1));
    if (now >= story.end) pause();
    else timer = window.setTimeout(stepOn, STEP_MS);
  }

  speed.addEventListener('change', () => {
    if (!timer) return;
    pause();
    play();
  });

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    if (event.key === ' ') {
      event.preventDefault();
      playButton.click();
    } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      event.preventDefault();
      seek(nextStop(story, now, event.key === 'ArrowRight' ? 1 : -1));
    }
  }

  /** Zones that say something at a moment: those it is in, then by confidence. @param {Moment} moment */
  function rowsOf(moment) {
    return explanation.zones
      .map((zone) => ({
        zone,
        phase: moment.phases.get(zone.zone_id)?.phase ?? 'outside',
        near: moment.near.get(zone.zone_id),
      }))
      .filter(({ phase, near }) => phase !== 'outside' || (near && (near.s_m <= 0 || near.confidence >= 0.05)))
      .sort(
        (a, b) =>
          Number(b.phase !== 'outside') - Number(a.phase !== 'outside') ||
          (b.near?.confidence ?? 0) - (a.near?.confidence ?? 0),
      );
  }

  /** @param {ReturnType<typeof rowsOf>[0]} told */
  const said = ({ zone, phase, near }) =>
    `${zone.name}: ${phaseText(phase)}${near ? `, ${near.confidence.toFixed(2)} of ${zone.needed.toFixed(2)}` : ''}`;

  /** @param {Moment} moment @param {number | null} floor */
  function heardWords({ fix, number }, floor) {
    if (!fix) return 'Nothing was heard yet.';
    const level =
      fix.floor === null
        ? 'no floor known'
        : `${picture.floorName(fix.floor.level)}, ${fix.level !== null ? 'as reported' : `${Math.round(fix.floor.p * 100)} % sure`}`;
    const shown = fix.floor === null && floor !== null ? ` (drawn: ${picture.floorName(floor)})` : '';
    return [
      `Position ${number + 1} of ${story.times.length}, ±${Math.round(fix.accuracy_m ?? 0)} m`,
      sourceText(fix.source),
      `${level}${shown}`,
      fix.late && 'came late',
    ]
      .filter(Boolean)
      .join(' · ');
  }

  pause();
  show(at ?? story.end);
  return {
    node: h(
      'div',
      { class: 'player', role: 'group', 'aria-label': 'What was believed, from moment to moment' },
      picture.node,
      h(
        'div',
        { class: 'player-bar' },
        stepButton('To the change before', 'back', -1),
        playButton,
        stepButton('To the next change', 'next', 1),
        time,
        speed,
      ),
      h('div', { class: 'player-track' }, slider, lanes.node),
      heard,
      believed,
    ),
    seek,
    stop: pause,
  };
}

/** A zone at a moment, in the engine's numbers. @param {ZoneVerdict} zone @param {Moment} moment */
function row(zone, moment) {
  const stretch = moment.phases.get(zone.zone_id);
  const near = moment.near.get(zone.zone_id);
  const phase = stretch?.phase ?? 'outside';
  return h(
    'li',
    { class: 'believed-zone', 'data-testid': 'believed-zone' },
    h('strong', null, zone.name),
    h('span', { class: `lane-phase lane-phase-${phase}` }, phaseText(phase)),
    near && h('span', { class: 'believed-numbers' }, numbers(near, zone, moment)),
    stretch?.text && h('span', { class: 'believed-why' }, stretch.text),
  );
}

/** @param {import('../../types').Near} near @param {ZoneVerdict} zone @param {Moment} moment */
function numbers({ s_m: s, share, level_p: level, confidence }, zone, { fix }) {
  const where = s <= 0 ? `${(-s).toFixed(1)} m inside` : `${s.toFixed(1)} m outside`;
  const trust = fix?.trust ?? 1;
  const product = `${share.toFixed(2)} of the circle × floor ${level.toFixed(2)} × trust ${trust.toFixed(2)}`;
  return `${where}; ${product} = ${confidence.toFixed(2)}, needs ${zone.needed.toFixed(2)}`;
}
