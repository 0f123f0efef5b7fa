/**
 * An explanation as a story in time: what was believed at any moment, lane by lane. Pure; times are milliseconds.
 *
 * Between two positions nothing is heard: the last one stands, and only the clock moves what is believed.
 */

/** @import {Change, Explanation, Fix, Near, ZoneVerdict} from '../../types' */
/**
 * @typedef {{from: number, to: number, phase: string, text: string}} Stretch
 * @typedef {{zone: ZoneVerdict, stretches: Stretch[], values: {at: number, value: number}[], marks: Mark[]}} Lane
 * @typedef {{at: number, kind: string, zoneId: string, text: string}} Mark
 * @typedef {{at: number, number: number, fix: Fix | null, phases: Map<string, Stretch>, near: Map<string, Near>}} Moment
 * @typedef {{start: number, end: number, times: number[], lanes: Lane[], stops: number[], at: (ms: number) => Moment}} Story
 */

const OUTSIDE = 'outside';
/** So many zones have a lane of their own. */
const MOST_LANES = 6;
/** Without anything after it, the last position stands so long. */
const TAIL_MS = 5_000;
/** Nothing is told of the clock so long after the last position. */
const LONGEST_TAIL_MS = 90_000;

/** @param {string} at */
const ms = (at) => Date.parse(at);

/** @param {Explanation} explanation @returns {Story | null} null when no position was kept */
export function makeStory({ fixes, zones, changes, events }) {
  if (fixes.length === 0) return null;
  const times = fixes.map(({ at }) => ms(at));
  const [first, last] = [times[0], times[times.length - 1]];
  const known = [...changes, ...events].map(({ at }) => ms(at)).filter((at) => at <= last + LONGEST_TAIL_MS);
  const start = first;
  const end = Math.max(last + TAIL_MS, ...known.map((at) => at + 1_000));
  const stretches = new Map(zones.map(({ zone_id: id }) => [id, stretchesOf(changes, id, start, end)]));
  const lanes = zones
    .map((zone) => ({
      zone,
      stretches: stretches.get(zone.zone_id) ?? [],
      values: fixes.map((fix, i) => ({
        at: times[i],
        value: fix.zones.find(({ zone_id: id }) => id === zone.zone_id)?.confidence ?? 0,
      })),
      marks: events
        .filter((event) => event.zone_id === zone.zone_id && ms(event.at) >= start && ms(event.at) <= end)
        .map((event) => ({ at: ms(event.at), kind: event.kind, zoneId: event.zone_id, text: event.text })),
    }))
    .filter(({ stretches: parts, values, marks, zone }) => {
      const moved = parts.some(({ phase }) => phase !== OUTSIDE) || marks.length > 0;
      return moved || values.some(({ value }) => value >= zone.needed / 2);
    })
    .slice(0, MOST_LANES);
  const stops = [...times, ...changes.map(({ at }) => ms(at))].filter((at) => at >= start && at <= end);
  return {
    start,
    end,
    times,
    lanes,
    stops: [...new Set(stops)].sort((a, b) => a - b),
    at(moment) {
      const number = times.findLastIndex((at) => at <= moment);
      const fix = number < 0 ? null : fixes[number];
      const phases = new Map();
      for (const [id, parts] of stretches) {
        const now = parts.findLast(({ from }) => from <= moment);
        if (now && now.phase !== OUTSIDE) phases.set(id, now);
      }
      return { at: moment, number, fix, phases, near: new Map((fix?.zones ?? []).map((near) => [near.zone_id, near])) };
    },
  };
}

/** @param {Change[]} changes in order of time @param {string} id @param {number} start @param {number} end */
function stretchesOf(changes, id, start, end) {
  /** @type {Stretch[]} */
  const parts = [{ from: start, to: end, phase: OUTSIDE, text: '' }];
  for (const { at, zone_id: zoneId, phase, text } of changes) {
    if (zoneId !== id || ms(at) > end) continue;
    const from = Math.max(start, ms(at));
    parts[parts.length - 1].to = from;
    parts.push({ from, to: end, phase, text });
  }
  return parts.filter(({ from, to }) => to > from);
}

/** Where a moment lies, 0 to 1. @param {{start: number, end: number}} story @param {number} at */
export const share = ({ start, end }, at) => Math.min(1, Math.max(0, (at - start) / (end - start)));

/** The moment before or after, at which something is otherwise. @param {Story} story @param {number} at @param {1 | -1} way */
export function nextStop({ stops, start, end }, at, way) {
  return way > 0 ? (stops.find((stop) => stop > at + 1) ?? end) : (stops.findLast((stop) => stop < at - 1) ?? start);
}

/** The version of a zone that was in force. @param {ZoneVerdict} zone @param {number} at */
export function shapeAt({ shapes }, at) {
  return (
    shapes.findLast(({ from, to }) => ms(from) <= at && (to === null || at < ms(to))) ??
    (shapes.length && at < ms(shapes[0].from) ? null : shapes[shapes.length - 1])
  );
}

/** How fast to play so that it takes about as long as people look. @param {Story} story @param {number[]} speeds */
export function usualSpeed({ start, end }, speeds) {
  return speeds.find((speed) => (end - start) / speed <= 25_000) ?? speeds[speeds.length - 1];
}
