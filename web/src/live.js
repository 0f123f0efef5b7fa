/**
 * The two live connections: server-sent events for what happens, a WebSocket for where the dots are.
 *
 * Both come back by themselves. EventSource resumes by Last-Event-ID on its own; where it gives up (an HTTP error) and
 * for the socket there is a back-off here. Says nothing about the page: states and data go out through callbacks.
 */
/** @import {Alert, Message, Positions, ZoneEvent} from './types' */
/** @import {ConversationChange, Reply} from './types_replies' */

/** @typedef {'connecting' | 'live' | 'lost'} LinkState */

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** A socket that stays open but silent is as bad as a closed one; frames come about once a second. */
const SILENCE_MS = 10_000;

/** @param {number} attempt */
function delay(attempt) {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) * (0.75 + Math.random() / 2);
}

/**
 * @param {{onZoneEvent: (e: ZoneEvent) => void, onMessage: (m: Message) => void, onReply: (r: Reply) => void,
 *   onConversation: (c: ConversationChange) => void, onAlert: (a: Alert) => void,
 *   onState: (s: LinkState, resumed: boolean) => void}} handlers `resumed` is true when a link came back after a loss
 * @returns {() => void} closes it
 */
export function openEvents({ onZoneEvent, onMessage, onReply, onConversation, onAlert, onState }) {
  /** @type {EventSource | null} */
  let source = null;
  let timer = 0;
  let attempt = 0;
  let lost = false;

  function open() {
    source = new EventSource('/v1/live');
    source.addEventListener('open', () => {
      attempt = 0;
      onState('live', lost);
      lost = false;
    });
    source.addEventListener('error', () => {
      lost = true;
      onState('lost', false);
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, delay(attempt++));
    });
    source.addEventListener('zone_event', (event) => onZoneEvent(JSON.parse(event.data)));
    source.addEventListener('message', (event) => onMessage(JSON.parse(event.data)));
    source.addEventListener('reply', (event) => onReply(JSON.parse(event.data)));
    source.addEventListener('conversation', (event) => onConversation(JSON.parse(event.data)));
    source.addEventListener('alert', (event) => onAlert(JSON.parse(event.data)));
    // the server does not keep all that we missed: as after a loss, lists are to be read again
    source.addEventListener('gap', () => onState('live', true));
  }

  onState('connecting', false);
  open();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}

/**
 * @param {{mallId: string, level: number, onFrame: (positions: Positions) => void, onState: (s: LinkState) => void}} options
 * @returns {() => void} closes it
 */
export function openPositions({ mallId, level, onFrame, onState }) {
  const url = new URL('/v1/live/positions', window.location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  url.search = new URLSearchParams({ mall_id: mallId, level: String(level) }).toString();
  /** @type {WebSocket | null} */
  let socket = null;
  let retry = 0;
  let silence = 0;
  let attempt = 0;
  let closed = false;

  function watch() {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => socket?.close(), SILENCE_MS);
  }

  function open() {
    socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    watch();
    socket.addEventListener('message', (event) => {
      const frame = parseFrame(event.data);
      if (!frame) return;
      attempt = 0;
      watch();
      onState('live');
      onFrame(frame);
    });
    socket.addEventListener('close', () => {
      window.clearTimeout(silence);
      if (closed) return;
      onState('lost');
      retry = window.setTimeout(open, delay(attempt++));
    });
  }

  onState('connecting');
  open();
  return () => {
    closed = true;
    window.clearTimeout(retry);
    window.clearTimeout(silence);
    hangUp(socket);
  };
}

/**
 * Close a socket. One that is still being opened is closed when it is: browsers complain of the other way.
 * @param {WebSocket | null} socket
 */
function hangUp(socket) {
  if (socket?.readyState === WebSocket.CONNECTING) socket.addEventListener('open', () => socket.close());
  else socket?.close();
}

const MAGIC = 0x314f4547; // "GEO1" read as a little-endian uint32
const HEADER_BYTES = 16;
const DOT_BYTES = 20;

/**
 * One binary frame of positions, or null when it is not one.
 * @param {ArrayBuffer} buffer
 * @returns {Positions | null}
 */
export function parseFrame(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) return null;
  const count = view.getUint32(4, true);
  if (view.byteLength < HEADER_BYTES + count * DOT_BYTES) return null;
  const lonLat = new Float64Array(2 * count);
  const ids = new BigUint64Array(count);
  const accuracy = new Float32Array(count);
  const open = new Uint8Array(count);
  for (let i = 0, o = HEADER_BYTES; i < count; i++, o += DOT_BYTES) {
    lonLat[2 * i] = view.getInt32(o, true) / 1e7;
    lonLat[2 * i + 1] = view.getInt32(o + 4, true) / 1e7;
    ids[i] = view.getBigUint64(o + 8, true);
    accuracy[i] = view.getUint16(o + 16, true) / 10;
    open[i] = view.getUint8(o + 19) & 1;
  }
  return { count, lonLat, ids, accuracy, open };
}
