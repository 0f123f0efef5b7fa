/**
 * What an evidence point is, in words, and how its identity is written: read as one types or pastes it, in the normal
 * form of the server, which judges again. Pure.
 */

/** @import {EvidenceKind, EvidenceProps} from '../../types' */

/** @type {Record<EvidenceKind, {name: string, icon: string, color: string, radius: number | null, about: string}>} */
export const EVIDENCE = {
  beacon: {
    name: 'Beacon',
    icon: 'beacon',
    color: '#7a3db8',
    radius: 8,
    about: 'A small Bluetooth sender (iBeacon). A phone that hears it is near it, on this level.',
  },
  access_point: {
    name: 'Wi-Fi',
    icon: 'wifi',
    color: '#1d5fd1',
    radius: 25,
    about: 'An access point that is there already. It says the level, and the place more coarsely than a beacon.',
  },
  check_in: {
    name: 'Check-in',
    icon: 'qr',
    color: '#0f5c5a',
    radius: null,
    about:
      'A QR code at a door or counter. Who scans it is here, for certain; its code and poster are made when you save.',
  },
};
export const KINDS = /** @type {EvidenceKind[]} */ (Object.keys(EVIDENCE));
export const RADIUS_M = { min: 1.5, max: 100 };

const UUID_DIGITS = 32;
const BSSID_DIGITS = 12;
const HALF_MAX = 65_535;
const NO_UUID = 'Only the digits 0 to 9, the letters a to f and dashes belong here.';
const NO_BSSID = 'Only the digits 0 to 9 and the letters a to f belong here, in six pairs.';
/** Company Apple, type iBeacon, 21 bytes follow: what a scanner shows of a beacon's advertisement. */
const ADVERT = /4c000215([0-9a-f]{32})([0-9a-f]{4})([0-9a-f]{4})/;

/** @param {string} digits */
const withDashes = (digits) => digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A proximity UUID with its dashes, as data sheets print it. @param {string | null | undefined} uuid */
export const uuidText = (uuid) => (uuid ? withDashes(uuid.replaceAll('-', '').toLowerCase()) : '');

/**
 * What is wrong with a UUID; while one types, only what more typing cannot mend.
 * @param {string} text
 * @param {boolean} isDone
 * @returns {string | null}
 */
export function uuidFlaw(text, isDone) {
  const digits = text.trim().replaceAll('-', '');
  if (/[^0-9a-f]/i.test(digits)) return NO_UUID;
  if (digits.length > UUID_DIGITS) return `A UUID has 32 digits; these are ${digits.length}.`;
  if (isDone && digits.length < UUID_DIGITS)
    return digits
      ? `A UUID has 32 digits; ${UUID_DIGITS - digits.length} are missing.`
      : 'The beacon’s UUID is needed.';
  return null;
}

/** What is wrong with major or minor. @param {string} text @param {boolean} isDone @returns {string | null} */
export function halfFlaw(text, isDone) {
  const typed = text.trim();
  if (!typed) return isDone ? 'A number from 0 to 65535.' : null;
  return /^\d+$/.test(typed) && Number(typed) <= HALF_MAX ? null : 'A whole number from 0 to 65535.';
}

/** A BSSID while it is typed or pasted: pairs with colons, whatever was between them. @param {string} text */
export function bssidText(text) {
  const parts = text.trim().toLowerCase().split(/[:-]/);
  // some systems leave leading zeros out
  const isWhole = parts.length === 6 && parts.every((part) => /^[0-9a-f]{1,2}$/.test(part));
  const digits = isWhole ? parts.map((part) => part.padStart(2, '0')).join('') : parts.join('');
  return /[^0-9a-f]/.test(digits) ? text.trim() : (digits.match(/.{1,2}/g) ?? []).join(':');
}

/** What is wrong with a BSSID. @param {string} text @param {boolean} isDone @returns {string | null} */
export function bssidFlaw(text, isDone) {
  const digits = text.trim().replace(/[:-]/g, '');
  if (/[^0-9a-f]/i.test(digits)) return NO_BSSID;
  if (digits.length > BSSID_DIGITS) return `A BSSID has 12 digits; these are ${digits.length}.`;
  if (isDone && digits.length < BSSID_DIGITS)
    return digits ? `A BSSID has 12 digits; ${BSSID_DIGITS - digits.length} are missing.` : 'The BSSID is needed.';
  return null;
}

/**
 * A whole beacon out of what was pasted: `uuid, major, minor` in one line, or the bytes of its advertisement.
 * @param {string} text
 * @returns {{uuid: string, major: number, minor: number} | null} null: it is not all three
 */
export function readBeacon(text) {
  const bare = text.toLowerCase().replace(/0x|[\s:,;-]/g, '');
  const advert = ADVERT.exec(bare);
  if (advert) return { uuid: withDashes(advert[1]), major: parseInt(advert[2], 16), minor: parseInt(advert[3], 16) };
  const line =
    /^\W*([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\D+(\d{1,5})\D+(\d{1,5})\W*$/i.exec(text);
  if (!line) return null;
  const [major, minor] = [Number(line[2]), Number(line[3])];
  return Math.max(major, minor) <= HALF_MAX ? { uuid: uuidText(line[1]), major, minor } : null;
}

/** What names a point among its kind. @param {Partial<EvidenceProps> & {kind: EvidenceKind}} point */
export function identityText({ kind, uuid, major, minor, bssid, code }) {
  if (kind === 'beacon') return `${uuidText(uuid).slice(0, 8)}…\u00a0·\u00a0${major}\u00a0·\u00a0${minor}`;
  if (kind === 'access_point') return bssid ?? '';
  return code ?? '';
}

/** Which zones hearing it can enter. @param {{name: string}[]} reaches @param {EvidenceKind} [kind] */
export function reachText(reaches, kind) {
  if (!reaches.length) return kind && kind !== 'check_in' ? 'reaches no zone, only tells the level' : 'reaches no zone';
  const names = reaches.slice(0, 3).map(({ name }) => name);
  const more = reaches.length - names.length;
  return `reaches ${names.join(', ')}${more ? ` and ${more} more` : ''}`;
}
