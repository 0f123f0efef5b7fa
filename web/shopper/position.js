/** The browser's position: whether we may ask, and a report each interval while the page is in front of somebody. */

const PRECISE_S = 20; // who is asked more seldom is not beside a zone: spare the battery
const GIVE_UP_MS = 30_000;
const DAY_MS = 86_400_000;

/** What stands between us and a position. @returns {Promise<import('./types').Permission>} */
export async function permission() {
  if (!isSecureContext) return 'insecure';
  if (!navigator.geolocation) return 'unsupported';
  return (await status())?.state ?? 'prompt';
}

async function status() {
  try {
    return await navigator.permissions.query({ name: 'geolocation' });
  } catch {
    return null; // an older Safari: it tells by asking only
  }
}

/** @param {() => void} changed called when the permission is given or taken back in the browser's own settings */
export async function watchPermission(changed) {
  (await status())?.addEventListener('change', changed);
}

/** Makes the browser ask. @returns {Promise<GeolocationPosition | GeolocationPositionError>} */
export const ask = () =>
  new Promise((resolve) =>
    navigator.geolocation.getCurrentPosition(resolve, resolve, { enableHighAccuracy: true, timeout: GIVE_UP_MS }),
  );

/**
 * Report positions from now on: the newest of each interval. When the browser names none because nothing moves, it is
 * asked, so that the server knows that we are still there; the same fix as before, named on a request that takes none
 * from a cache, holds now.
 * @param {number} interval_s
 * @param {(fix: import('./types').Ping) => void} onFix
 * @param {(error: GeolocationPositionError) => void} onError
 * @returns {() => void} ends it
 */
export function track(interval_s, onFix, onError) {
  const options = { enableHighAccuracy: interval_s <= PRECISE_S };
  const every = interval_s * 1000;
  /** @type {GeolocationPosition | null} */
  let newest = null;
  let reported = 0;
  let stamp = 0;

  const report = () => {
    if (!newest) return;
    reported = Date.now();
    onFix(toPing(newest.coords, newest.timestamp === stamp ? reported : newest.timestamp));
    stamp = newest.timestamp;
    newest = null;
  };
  /** @param {GeolocationPosition} position */
  const take = (position) => {
    newest = position;
    if (Date.now() - reported >= every) report();
  };
  const watch = navigator.geolocation.watchPosition(take, onError, options);
  const timer = setInterval(() => {
    if (newest) report();
    else if (Date.now() - reported >= every)
      navigator.geolocation.getCurrentPosition(take, () => {}, { ...options, timeout: every });
  }, every);
  return () => {
    clearInterval(timer);
    navigator.geolocation.clearWatch(watch);
  };
}

/** @param {GeolocationCoordinates} coords @param {number} at @returns {import('./types').Ping} */
function toPing(coords, at) {
  const isClock = Math.abs(Date.now() - at) < DAY_MS; // some Safaris count from 2001
  return {
    at: new Date(isClock ? at : Date.now()).toISOString(),
    lon: coords.longitude,
    lat: coords.latitude,
    accuracy_m: Math.min(coords.accuracy, 100_000),
    ...(coords.speed === null || Number.isNaN(coords.speed) ? {} : { speed_mps: coords.speed }),
    source: 'browser',
  };
}
