/**
 * What moves on the map page: dots, pulses and counts for the level that is shown, feed and phone for all of them.
 */
import { openPositions } from '../../live.js';
import { readOccupancy } from './venue.js';

/** @import {Frame} from '../../geo.js' */
/** @import {Context, Positions} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Venue} from './venue.js' */

const COUNT_EVERY_MS = 5000;
/** After an event the counts are read again, at most this often. */
const COUNT_GAP_MS = 800;

/**
 * @param {{engine: Engine, context: Context, feed: ReturnType<typeof import('./feed.js').makeFeed>,
 *   phone: ReturnType<typeof import('./phone.js').makePhone>, list: ReturnType<typeof import('./zone_list.js').zoneList>,
 *   onState: (state: import('../../live.js').LinkState) => void, onCount: (count: number) => void}} parts
 */
export function makeLive({ engine, context, feed, phone, list, onState, onCount }) {
  const abort = new AbortController();
  let closePositions = () => {};
  /** @type {Venue | null} */
  let venue = null;
  let soon = 0;

  async function count() {
    window.clearTimeout(soon);
    soon = 0;
    if (!venue || document.hidden) return;
    try {
      const counts = await readOccupancy(venue.mall.id, abort.signal);
      engine.zones.setCounts(counts);
      list.setCounts(counts);
    } catch {
      // the next round tries again; that the link is lost is shown by the positions
    }
  }

  function countSoon() {
    if (!soon) soon = window.setTimeout(count, COUNT_GAP_MS);
  }

  const timer = window.setInterval(count, COUNT_EVERY_MS);
  const stops = [
    context.hub.on('zone_event', (event) => {
      if (venue && event.mall_id && event.mall_id !== venue.mall.id) return;
      feed.zoneEvent(event);
      if (event.kind === 'entered' && engine.zones.pulse(event.zone_id)) list.flash(event.zone_id);
      countSoon();
    }),
    context.hub.on('message', (message) => {
      phone.add(message);
      feed.message(message);
    }),
    context.hub.on('resync', () => {
      phone.prefill(abort.signal).catch(() => {});
      count();
    }),
  ];

  return {
    /** @param {Venue} next @param {number} level */
    watch(next, level) {
      venue = next;
      closePositions();
      engine.dots.clear();
      onCount(0);
      closePositions = openPositions({
        mallId: next.mall.id,
        level,
        onState,
        onFrame(positions) {
          engine.dots.frame(inMetres(positions, next.frame));
          onCount(positions.count);
        },
      });
      count();
    },
    count,
    stop() {
      abort.abort();
      closePositions();
      window.clearInterval(timer);
      window.clearTimeout(soon);
      for (const stop of stops) stop();
    },
  };
}

/** @param {Positions} positions @param {Frame} frame */
function inMetres({ count, lonLat, ids, accuracy, open }, { toFrame }) {
  const to = new Float32Array(2 * count);
  for (let i = 0; i < to.length; i += 2) to.set(toFrame([lonLat[i], lonLat[i + 1]]), i);
  return { count, to, ids, accuracy, open };
}
