/**
 * The test walk: a visitor on the map that is moved by hand, with the published zones and the open draft as the engine
 * would judge its phone. Each step asks the server; nothing is stored and nobody gets a message.
 */
import { ApiError, call } from '../../api.js';
import { bounds, contains, labelSpot } from '../../geo.js';
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { makeWalk } from '../../walk.js';
import { draftBody } from './draft_body.js';
import { makeGhostPanel } from './ghost_panel.js';
import { disc } from './lint_marks.js';

/** @import {Context, GhostResult, Shape, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {DraftSnapshot} from './editing.js' */
/** @import {Venue} from './venue.js' */

const NAME = 'ghost';
const LIT = 'ghost-inside';
/** While it is dragged, a fix is made after so many metres. */
const STEP_M = 4;
/** So far beside a draft the visitor begins. */
const BESIDE_M = 14;
/** An arrow key goes two metres, with Shift twenty. */
const STRIDE = 4;

/**
 * @param {{engine: Engine, context: Context, venue: () => Venue | null, level: () => number,
 *   snapshot: () => DraftSnapshot | null, covered: () => number, onButton: () => void, onOpen: () => void, onClose: () => void}} options
 */
export function makeGhost({ engine, context, venue, level, snapshot, covered, onButton, onOpen, onClose }) {
  /** @type {ReturnType<typeof makeWalk> | null} */
  let walk = null;
  let startedAt = 0;
  let abort = new AbortController();
  let isAsking = false;
  let isBehind = false;
  let said = 0;
  let draftAsked = '';
  const panel = makeGhostPanel({ onAccuracy: draw, onChange: ask, onStay: stay, onReset: begin, onClose: close });

  /** @returns {import('../../walk.js').Phone} */
  const phone = () => ({ accuracy: panel.accuracy(), level: panel.knowsLevel() ? level() : null });

  /** @param {number | null} [accuracy] what phones report here */
  function open(accuracy) {
    if (!venue()) return;
    if (accuracy) panel.setAccuracy(accuracy);
    panel.show(true);
    engine.pick(goTo);
    onOpen();
    begin();
    context.announce('Test walk. Drag the visitor, or move it with the arrow keys; Enter waits ten seconds.');
  }

  function close() {
    if (!walk) return;
    walk = null;
    abort.abort();
    engine.pick(null);
    engine.handles.clear(NAME);
    engine.marks.clear(NAME);
    engine.marks.clear(LIT);
    panel.show(false);
    onClose();
  }

  function begin() {
    const place = venue();
    if (!place) return;
    abort.abort();
    abort = new AbortController();
    [isAsking, isBehind, said] = [false, false, 0];
    startedAt = Date.now();
    const at = startPlace(place, level(), snapshot()?.shape ?? null);
    walk = makeWalk(at, phone());
    engine.marks.clear(LIT);
    standAt(at);
    engine.reveal(at, covered());
    ask();
  }

  /** @param {XY} at */
  function standAt(at) {
    const label = 'Visitor of the test walk. Arrow keys move it, Enter waits ten seconds.';
    engine.handles.set(NAME, [{ id: NAME, at, label, stride: STRIDE }], {
      onMove: (_, to) => onMove(to),
      onDrop: (_, to) => onDrop(to),
      onEnter: () => stay(10),
    });
    draw(at);
  }

  /** The disc in which the phone may be. @param {XY} [at] */
  function draw(at) {
    const here = at ?? walk?.fixes[walk.fixes.length - 1].at;
    if (!here) return;
    engine.marks.set(NAME, [disc(here, panel.accuracy())], { color: '#5b2a86', dashed: true, weight: 2, fill: 0.12 });
  }

  // ---- steps

  /** @param {XY} to */
  function onMove(to) {
    draw(to);
    if (walk && walk.distance(to) >= STEP_M) step(to);
  }

  /** @param {XY} to */
  function onDrop(to) {
    draw(to);
    engine.reveal(to, covered());
    if (walk && walk.distance(to) > 0) step(to);
  }

  /** A click on the map: the visitor walks there. @param {XY} to */
  function goTo(to) {
    standAt(to);
    step(to);
  }

  /** @param {XY} to */
  function step(to) {
    walk?.go(to, phone());
    ask();
  }

  /** @param {number} seconds */
  function stay(seconds) {
    walk?.stay(seconds, phone());
    ask();
  }

  // ---- the server

  /** One question at a time; what happened meanwhile is asked together afterwards. */
  async function ask() {
    const place = venue();
    if (!walk || !place) return;
    panel.setTime(walk.seconds());
    if (isAsking) {
      isBehind = true;
      return;
    }
    [isAsking, isBehind] = [true, false];
    const { signal } = abort;
    try {
      const { data } = await call('POST', '/v1/zones/ghost', { body: question(place), signal });
      if (!signal.aborted) show(data);
    } catch (error) {
      if (!signal.aborted) panel.fail(failure(error));
    }
    if (signal.aborted) return;
    isAsking = false;
    if (isBehind) ask();
  }

  /** @param {Venue} place */
  function question(place) {
    const { fixes, seconds } = /** @type {ReturnType<typeof makeWalk>} */ (walk);
    /** @param {number} s */
    const time = (s) => new Date(startedAt + s * 1000).toISOString();
    const draft = draftBody(place, snapshot());
    return {
      mall_id: place.mall.id,
      ...(draft && { draft }),
      fixes: fixes.map(({ s, at, accuracy, level: floor }) => {
        const [lon, lat] = place.frame.toWorld(at);
        return { at: time(s), lon, lat, accuracy_m: accuracy, ...(floor !== null && { level: floor }) };
      }),
      until: time(seconds()),
    };
  }

  /** @param {GhostResult} result */
  function show(result) {
    const place = venue();
    if (!place) return;
    /** @param {string | null} zoneId @returns {Shape | null} null: not on this level */
    const shapeHere = (zoneId) => {
      if (zoneId === null) return snapshot()?.shape ?? null;
      const zone = place.zone(zoneId);
      return zone && place.isOn(zone, level()) ? place.shapeOf(zone) : null;
    };
    panel.render(result, startedAt, (zoneId) => shapeHere(zoneId) !== null);
    const inside = result.zones.filter(({ phase }) => phase === 'inside' || phase === 'leaving');
    const shapes = inside.flatMap(({ zone_id }) => shapeHere(zone_id) ?? []);
    engine.marks.set(LIT, shapes, { color: '#5b2a86', dashed: false, weight: 5, fill: 0.22 });
    for (const event of result.events.slice(said)) context.announce(panel.sentence(event));
    said = result.events.length;
  }

  return {
    node: panel.node,
    open,
    close,
    isOpen: () => walk !== null,
    /** A button in the zone's form, which also hears of changes there. */
    extra: {
      node: h(
        'button',
        { type: 'button', class: 'button', 'data-testid': 'walk-zone', on: { click: onButton } },
        icon('walk', 18),
        'Test walk: be the visitor',
      ),
      changed() {
        const place = venue();
        const now = JSON.stringify(place && draftBody(place, snapshot()));
        if (now === draftAsked) return;
        draftAsked = now;
        ask();
      },
    },
    /** The visitor took the escalator. */
    levelChanged() {
      if (walk) stay(5);
    },
  };
}

/** @param {unknown} error */
const failure = (error) =>
  error instanceof ApiError && error.status === 422
    ? `The open zone cannot be tried like this: ${explain(error)}`
    : `The walk could not be judged: ${explain(error)}`;

/**
 * Beside the draft and on the floor if that can be, else in its middle; without a draft in the middle of the floor.
 * @param {Venue} venue @param {number} level @param {Shape | null} draft @returns {XY}
 */
function startPlace(venue, level, draft) {
  const { outline } = venue.plan(level);
  const box = draft && bounds([draft]);
  if (!draft || !box) return outline ? labelSpot(outline).at : [0, 0];
  const [x, y] = labelSpot(draft).at;
  /** @type {XY[]} */
  const beside = [
    [box[0] - BESIDE_M, y],
    [box[2] + BESIDE_M, y],
    [x, box[1] - BESIDE_M],
    [x, box[3] + BESIDE_M],
  ];
  return beside.find((at) => outline && contains(outline, at)) ?? beside[0];
}
