/** What is new in the replies, as the server tells it while the page is in sight. */

const GATHER_MS = 300;

/**
 * Call `tell` whenever somebody has written to a store, or a conversation was read or changed; and when what happened
 * meanwhile is not known, with null.
 * @param {(storeId: string | null) => void} tell
 */
export function hear(tell) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {Map<string | null, number>} */
  const waiting = new Map();

  /** Several at once are one. @param {string | null} storeId */
  function gather(storeId) {
    if (waiting.has(storeId)) return;
    const timer = window.setTimeout(() => {
      waiting.delete(storeId);
      tell(storeId);
    }, GATHER_MS);
    waiting.set(storeId, timer);
  }

  function open() {
    source = new EventSource('/v1/live?only=reply&only=conversation');
    source.addEventListener('open', () => gather(null));
    source.addEventListener('gap', () => gather(null));
    for (const name of ['reply', 'conversation'])
      source.addEventListener(name, (event) => gather(JSON.parse(event.data).store_id));
  }

  function follow() {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) open();
  }

  document.addEventListener('visibilitychange', follow);
  follow();
}
