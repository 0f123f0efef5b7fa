/**
 * Where the dots are between two frames, and which one is under the pointer. Pure: metres and milliseconds in, no canvas,
 * no clock. Kept in columns, so that thousands cost little and a worker can be sent them as they are.
 */
/** @import {XY} from './types' */

/**
 * @typedef {object} Frame everyone now; entry i of each column is the same shopper
 * @property {number} count
 * @property {Float32Array} to metres, x and y of each
 * @property {BigUint64Array} ids
 * @property {Float32Array} accuracy metres
 * @property {Uint8Array} open 1 where a click may open the shopper
 */
/**
 * @typedef {Frame & {
 *   from: Float32Array, goneAt: Float64Array, since: number, stepMs: number,
 * }} Walk everyone on the way to where the frame says, then those who fade: `goneAt` is the ms when somebody was first
 *   missing, 0 while here; the way began at `since` (ms) and takes `stepMs`
 */
/** @typedef {{id: string, at: XY, accuracy: number, open: boolean, opacity: number}} Seen */

const FADE_MS = 700;
const FIRST_STEP_MS = 1000;
const SHORTEST_STEP_MS = 150;
const LONGEST_STEP_MS = 1500;

/** @param {number} count @returns {Frame} */
export function makeFrame(count) {
  return {
    count,
    to: new Float32Array(2 * count),
    ids: new BigUint64Array(count),
    accuracy: new Float32Array(count),
    open: new Uint8Array(count),
  };
}

/** @type {Walk} */
export const NOBODY = {
  ...makeFrame(0),
  from: new Float32Array(0),
  goneAt: new Float64Array(0),
  since: 0,
  stepMs: FIRST_STEP_MS,
};

/**
 * The walk from where everyone is at `now` to where the frame says. Who is missing stays and fades.
 * @param {Walk} walk
 * @param {Frame} frame
 * @param {number} now
 * @param {boolean} still no movement and no fading, for people who asked for less motion
 * @returns {Walk}
 */
export function nextWalk(walk, frame, now, still) {
  if (still) return { ...frame, from: frame.to, goneAt: new Float64Array(frame.count), since: now, stepMs: 0 };
  /** @type {Map<bigint, number>} */
  const missing = new Map();
  for (let i = 0; i < walk.count; i++) if (opacity(walk, i, now) > 0) missing.set(walk.ids[i], i);
  const from = frame.to.slice();
  const share = shareDone(walk, now);
  for (let i = 0; i < frame.count; i++) {
    const before = missing.get(frame.ids[i]);
    if (before === undefined) continue;
    missing.delete(frame.ids[i]);
    from[2 * i] = between(walk, 2 * before, share);
    from[2 * i + 1] = between(walk, 2 * before + 1, share);
  }
  const stepMs = walk.since ? Math.min(LONGEST_STEP_MS, Math.max(SHORTEST_STEP_MS, now - walk.since)) : FIRST_STEP_MS;
  return withFading({ ...frame, from, goneAt: new Float64Array(frame.count), since: now, stepMs }, walk, missing);
}

/** @param {Walk} next @param {Walk} walk @param {Map<bigint, number>} missing id to entry of `walk` @returns {Walk} */
function withFading(next, walk, missing) {
  if (missing.size === 0) return next;
  const grown = makeFrame(next.count + missing.size);
  const goneAt = new Float64Array(grown.count);
  for (const key of /** @type {const} */ (['to', 'accuracy', 'open'])) grown[key].set(next[key]);
  grown.ids.set(next.ids);
  let i = next.count;
  const share = shareDone(walk, next.since);
  for (const [id, before] of missing) {
    grown.ids[i] = id;
    grown.to[2 * i] = between(walk, 2 * before, share);
    grown.to[2 * i + 1] = between(walk, 2 * before + 1, share);
    grown.accuracy[i] = walk.accuracy[before];
    grown.open[i] = walk.open[before];
    goneAt[i++] = walk.goneAt[before] || next.since;
  }
  const from = grown.to.slice();
  from.set(next.from);
  return { ...next, ...grown, from, goneAt };
}

/** How much of the way is done. @param {Walk} walk @param {number} now */
export const shareDone = ({ since, stepMs }, now) => (stepMs ? Math.min(1, Math.max(0, (now - since) / stepMs)) : 1);

/** A coordinate on its way. @param {Walk} walk @param {number} k index into `from` and `to` @param {number} share */
export const between = ({ from, to }, k, share) => from[k] + (to[k] - from[k]) * share;

/** 1 while here, then down to 0. @param {Walk} walk @param {number} i @param {number} now */
export const opacity = ({ goneAt }, i, now) => (goneAt[i] ? Math.max(0, 1 - (now - goneAt[i]) / FADE_MS) : 1);

/** Whether anything still moves or fades at `now`. @param {Walk} walk @param {number} now */
export const isMoving = (walk, now) =>
  shareDone(walk, now) < 1 || walk.goneAt.some((_, i) => opacity(walk, i, now) % 1 > 0);

/** @param {Walk} walk @param {number} i @param {number} now @returns {Seen} */
function seen(walk, i, now) {
  const share = shareDone(walk, now);
  return {
    id: walk.ids[i].toString(16).padStart(16, '0'),
    at: [between(walk, 2 * i, share), between(walk, 2 * i + 1, share)],
    accuracy: walk.accuracy[i],
    open: walk.open[i] === 1,
    opacity: opacity(walk, i, now),
  };
}

/** Everyone to be seen at `now`. @param {Walk} walk @param {number} now */
export function everyone(walk, now) {
  const all = Array.from({ length: walk.count }, (_, i) => seen(walk, i, now));
  return all.filter((dot) => dot.opacity > 0);
}

/** The nearest dot within `reach` metres of a point. @param {Walk} walk @param {XY} point @param {number} reach @param {number} now */
export function nearest(walk, [x, y], reach, now) {
  const share = shareDone(walk, now);
  let best = -1;
  let bestGap = reach;
  for (let i = 0; i < walk.count; i++) {
    const gap = Math.hypot(between(walk, 2 * i, share) - x, between(walk, 2 * i + 1, share) - y);
    if (gap <= bestGap && opacity(walk, i, now) > 0) [best, bestGap] = [i, gap];
  }
  return best < 0 ? null : seen(walk, best, now);
}
