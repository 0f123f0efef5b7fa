/**
 * Where the dots are between two frames, and which one is under the pointer. Pure: metres and milliseconds in, no canvas,
 * no clock.
 */
/** @import {XY} from './types' */

/**
 * @typedef {object} Walker
 * @property {string} id
 * @property {XY} from
 * @property {XY} to
 * @property {number} since ms when the walk from `from` to `to` began
 * @property {number} accuracy metres
 * @property {boolean} open may be opened by a click
 * @property {number | null} goneAt ms when it was first missing
 */
/** @typedef {{id: string, at: XY, accuracy: number, open: boolean, opacity: number}} Seen */

const FADE_MS = 700;
const SHORTEST_STEP_MS = 300;
const LONGEST_STEP_MS = 1500;

/** @param {boolean} still no movement in between, for people who asked for less motion */
export function makeWalkers(still) {
  /** @type {Map<string, Walker>} */
  const walkers = new Map();
  let lastFrame = 0;
  let stepMs = 1000;

  /** @param {Walker} walker @param {number} now @returns {XY} */
  function place({ from, to, since }, now) {
    const share = still ? 1 : Math.min(1, (now - since) / stepMs);
    return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
  }

  return {
    /** @param {{id: string, at: XY, accuracy: number, open: boolean}[]} dots @param {number} now */
    frame(dots, now) {
      const present = new Set();
      /** @type {Map<string, XY>} */
      const here = new Map([...walkers.values()].map((walker) => [walker.id, place(walker, now)]));
      if (lastFrame) stepMs = Math.min(LONGEST_STEP_MS, Math.max(SHORTEST_STEP_MS, now - lastFrame));
      lastFrame = now;
      for (const { id, at, accuracy, open } of dots) {
        present.add(id);
        walkers.set(id, { id, from: here.get(id) ?? at, to: at, since: now, accuracy, open, goneAt: null });
      }
      for (const walker of walkers.values()) {
        if (!present.has(walker.id) && walker.goneAt === null) {
          walkers.set(walker.id, {
            ...walker,
            from: here.get(walker.id) ?? walker.to,
            to: here.get(walker.id) ?? walker.to,
            goneAt: now,
          });
        }
      }
    },
    clear: () => walkers.clear(),
    /** Everyone to be drawn at `now`; those gone for long are forgotten. @param {number} now @returns {Seen[]} */
    seen(now) {
      /** @type {Seen[]} */
      const out = [];
      for (const walker of walkers.values()) {
        const opacity = walker.goneAt === null ? 1 : still ? 0 : 1 - (now - walker.goneAt) / FADE_MS;
        if (opacity <= 0) walkers.delete(walker.id);
        else out.push({ id: walker.id, at: place(walker, now), accuracy: walker.accuracy, open: walker.open, opacity });
      }
      return out;
    },
    /** Whether anything still moves or fades at `now`. @param {number} now */
    moving: (now) => !still && [...walkers.values()].some((w) => w.goneAt !== null || now - w.since < stepMs),
    count: () => [...walkers.values()].filter((w) => w.goneAt === null).length,
  };
}

/** The nearest dot within `reach` metres of a point. @param {Seen[]} seen @param {XY} point @param {number} reach */
export function nearest(seen, point, reach) {
  /** @type {Seen | null} */
  let best = null;
  let bestGap = reach;
  for (const dot of seen) {
    const gap = Math.hypot(dot.at[0] - point[0], dot.at[1] - point[1]);
    if (gap <= bestGap) [best, bestGap] = [dot, gap];
  }
  return best;
}
