/** What "Connect a phone" says: the apps and what to do in each, numbers as people read them. */

/** @param {Record<string, string>} table */
const lookUp = (table) => (/** @type {string | null | undefined} */ key) => (key ? (table[key] ?? key) : 'a phone');

export const clientName = lookUp({
  'shopper-page': 'the shopper page',
  'owntracks-android': 'OwnTracks for Android',
  'owntracks-ios': 'OwnTracks for iOS',
  overland: 'Overland',
  'overland-owntracks-mode': 'Overland in OwnTracks mode',
  'traccar-client': 'Traccar Client',
  'background-geolocation': 'an app with background-geolocation',
});

/** @typedef {'shopper' | 'owntracks' | 'overland' | 'traccar'} Client */
/** @type {Record<Client, {tab: string, what: string, steps: string[]}>} */
export const CLIENTS = {
  shopper: {
    tab: 'Shopper page',
    what: 'No app needed: the page of your app, in the phone’s browser.',
    steps: [
      'Point the phone’s camera at the code and open the link.',
      'Read what the page asks for and agree, or do not: it is the holder’s choice.',
      'Allow the browser to see the position when it asks.',
    ],
  },
  owntracks: {
    tab: 'OwnTracks',
    what: 'Positions in the background, for Android and iPhone. The phone also watches zones by itself.',
    steps: [
      'Install OwnTracks from the phone’s app store and open it once.',
      'Point the phone’s camera at the code and open the link with OwnTracks; save the configuration.',
      'Allow the position “always”, then tap the arrow at the top to send the first one.',
    ],
  },
  overland: {
    tab: 'Overland',
    what: 'Positions in the background, for iPhone.',
    steps: [
      'Install Overland from the App Store and open it once.',
      'Point the phone’s camera at the code and open the link with Overland.',
      'Allow the position “always”, start tracking, and tap “Send now”.',
    ],
  },
  traccar: {
    tab: 'Traccar',
    what: 'Positions in the background, for Android and iPhone.',
    steps: [
      'Install Traccar Client from the phone’s app store.',
      'In its settings, tap the QR button and scan the code.',
      'Allow the position “always” and switch tracking on.',
    ],
  },
};

/** `8 m`, `340 m`, `12.4 km`, `1,240 km` @param {number} metres */
export function distance(metres) {
  if (metres < 1000) return `${Math.round(metres)} m`;
  const digits = metres < 100_000 ? 1 : 0;
  return `${(metres / 1000).toLocaleString('en-GB', { maximumFractionDigits: digits })} km`;
}

/** @param {number | null} level */
export const levelName = (level) =>
  level === null ? null : level === 0 ? 'ground floor' : level > 0 ? `level ${level}` : `basement ${-level}`;

/** What is left until a moment: `1 h 58 min`, `14:32`. @param {number} until @param {number} now */
export function left(until, now) {
  const seconds = Math.max(0, Math.round((until - now) / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}
