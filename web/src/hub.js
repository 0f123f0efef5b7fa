/**
 * One live event stream for the whole console, shared by whatever page is open.
 *
 * Pages subscribe to a topic and get a function back that unsubscribes. `resync` is sent after a lost link came back:
 * what happened in between may be missing, so lists should be read again.
 */
import { openEvents } from './live.js';

/** @import {Alert, Message, ZoneEvent} from './types' */
/** @import {ConversationChange, Reply} from './types_replies' */
/** @import {LinkState} from './live.js' */
/**
 * @typedef {{zone_event: ZoneEvent, message: Message, reply: Reply, conversation: ConversationChange, alert: Alert,
 *   state: LinkState, resync: null}} Topics
 */
/**
 * @typedef {object} Hub
 * @property {<K extends keyof Topics>(topic: K, handler: (value: Topics[K]) => void) => () => void} on
 * @property {() => LinkState} state
 * @property {() => void} close
 */

/** @returns {Hub} */
export function makeHub() {
  /** @type {Map<string, Set<(value: any) => void>>} */
  const handlers = new Map();
  /** @type {LinkState} */
  let state = 'connecting';
  /** @param {keyof Topics} topic @param {unknown} value */
  const emit = (topic, value) => handlers.get(topic)?.forEach((handler) => handler(value));

  const close = openEvents({
    onZoneEvent: (event) => emit('zone_event', event),
    onMessage: (message) => emit('message', message),
    onReply: (reply) => emit('reply', reply),
    onConversation: (change) => emit('conversation', change),
    onAlert: (alert) => emit('alert', alert),
    onState(next, resumed) {
      state = next;
      emit('state', next);
      if (resumed) emit('resync', null);
    },
  });

  return {
    on(topic, handler) {
      const set = handlers.get(topic) ?? new Set();
      handlers.set(topic, set.add(handler));
      return () => set.delete(handler);
    },
    state: () => state,
    close,
  };
}
