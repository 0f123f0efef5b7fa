/**
 * A made-up walk: every step and every stay becomes the position fixes that a phone would send meanwhile, a few seconds
 * apart. Pure: metres and seconds, no clock of its own.
 */
/** @import {XY} from './types' */
/** @typedef {{s: number, at: XY, accuracy: number, level: number | null}} WalkFix `s` seconds since the walk began; `level` null: not said */
/** @typedef {{accuracy: number, level: number | null}} Phone how it reports now */

const SPEED_MPS = 1.2;
const SHORTEST_S = 2;
const LONGEST_S = 5;
/** While somebody stays, a phone reports less often. */
const LONGEST_STAY_S = 30;
const FIXES_OF_A_STAY = 20;
/** As many as the server takes; of a longer walk the beginning is forgotten. */
export const MOST_FIXES = 600;

/** @param {XY} start @param {Phone} phone */
export function makeWalk(start, phone) {
  /** @type {WalkFix[]} */
  const fixes = [];
  let seconds = 0;
  add(start, phone);

  /** @param {XY} at @param {Phone} phone */
  function add(at, { accuracy, level }) {
    fixes.push({ s: seconds, at, accuracy, level });
    if (fixes.length > MOST_FIXES) fixes.shift();
  }

  const last = () => fixes[fixes.length - 1].at;

  return {
    fixes,
    /** Seconds since the walk began. */
    seconds: () => seconds,
    /** Metres from where the visitor stands. @param {XY} to */
    distance: (to) => Math.hypot(to[0] - last()[0], to[1] - last()[1]),
    /** Walks straight to a place. @param {XY} to @param {Phone} phone */
    go(to, phone) {
      const from = last();
      const metres = Math.hypot(to[0] - from[0], to[1] - from[1]);
      const took = Math.max(SHORTEST_S, metres / SPEED_MPS);
      const steps = Math.ceil(took / LONGEST_S);
      const began = seconds;
      for (let i = 1; i <= steps; i++) {
        const share = i / steps;
        seconds = began + Math.round(took * share * 10) / 10;
        add([from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share], phone);
      }
    },
    /** Stands still for so many seconds. @param {number} time @param {Phone} phone */
    stay(time, phone) {
      const gap = Math.min(LONGEST_STAY_S, Math.max(LONGEST_S, time / FIXES_OF_A_STAY));
      const steps = Math.max(1, Math.round(time / gap));
      const [began, at] = [seconds, last()];
      for (let i = 1; i <= steps; i++) {
        seconds = began + (time * i) / steps;
        add(at, phone);
      }
    },
  };
}
