/** Beside the builder: how many people it would find now, five of them, and the definition as a sentence. */
import { ApiError, call } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { explain } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { peopleText, personLink, shareText } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Preview} from './shapes.js' */
/** @import {Condition} from './tree.js' */
/** @typedef {{definition: Condition | null, store_id: string | null, gaps: string[]}} Asked */

const WAIT_MS = 300;

/**
 * @param {{context: Context, signal: AbortSignal, read: () => Asked, onRefused: (error: ApiError, sent: Condition) => void}} options
 *   `read` gives what is to be counted, `gaps` what is still to be filled in
 */
export function previewPanel({ context, signal, read, onRefused }) {
  const figure = h('p', { class: 'preview-count', 'data-testid': 'preview-count' });
  const sentence = h('p', { class: 'preview-sentence', 'data-testid': 'sentence' });
  const people = h('div', { 'data-testid': 'sample' });
  const news = h('p', { class: 'quiet', role: 'status', 'data-testid': 'preview-state' });
  const node = h(
    'section',
    { class: 'card preview-card', 'aria-labelledby': 'preview-title', 'data-testid': 'segment-preview' },
    h('h2', { id: 'preview-title' }, 'Who it finds now'),
    figure,
    news,
    people,
    h('div', { class: 'preview-reading' }, h('h3', null, 'In plain words'), sentence),
  );
  /** @type {(text: string) => void} */
  let onCount = () => {};
  let timer = 0;
  let running = /** @type {AbortController | null} */ (null);
  signal.addEventListener('abort', () => {
    window.clearTimeout(timer);
    running?.abort();
  });

  /** @param {string} text @param {string} state */
  function say(text, state) {
    fill(news, text);
    node.dataset.state = state;
  }

  function idle() {
    const { definition, gaps } = read();
    if (definition && !gaps.length) return false;
    running?.abort();
    fill(figure, '–');
    fill(people);
    fill(sentence, 'Everything that you choose is said here in a sentence.');
    onCount('–');
    say(gaps.length ? `Still open: ${gaps.join(', ')}` : 'Add a condition to begin.', 'idle');
    return true;
  }

  async function ask() {
    if (idle()) return;
    const { definition, store_id } = read();
    const sent = /** @type {Condition} */ (definition);
    running?.abort();
    const mine = new AbortController();
    running = mine;
    say('Counting…', 'asking');
    try {
      const body = { definition: sent, store_id };
      const { data } = await call('POST', '/v1/segments/preview', { body, signal: mine.signal });
      if (!mine.signal.aborted) show(data);
    } catch (error) {
      if (mine.signal.aborted) return;
      fill(figure, '–');
      fill(people);
      onCount('–');
      say(explain(error), 'failed');
      if (error instanceof ApiError && error.status === 422) onRefused(error, sent);
      else news.append(' ', retryButton());
    }
  }

  const retryButton = () =>
    h('button', { type: 'button', class: 'link', 'data-testid': 'preview-retry', on: { click: ask } }, 'Try again');

  /** @param {Preview} found */
  function show(found) {
    const count = peopleText(found.people, found.hidden);
    fill(figure, found.people === null ? count : number(found.people));
    onCount(count);
    fill(sentence, found.sentence);
    fill(people, sampleOf(found));
    const whole = found.everyone;
    const share = found.people !== null && whole ? ` (${shareText(found.people, whole)})` : '';
    say(whole === null ? count : `of ${number(whole)} people${share}`, 'told');
  }

  /** @param {Preview} found */
  function sampleOf({ sample, people: count }) {
    if (!may(context.me, 'customers')) {
      return h(
        'p',
        { class: 'quiet' },
        'Who they are is shown to owners and support, and to shops of their own customers.',
      );
    }
    if (!sample.length) return count === 0 ? h('p', { class: 'quiet' }, 'Nobody: loosen a condition.') : null;
    return [
      h('h3', null, sample.length === 1 ? 'The only one' : `${sample.length} of them, drawn at random`),
      h(
        'ul',
        { class: 'sample-list' },
        sample.map((person) => h('li', { 'data-testid': 'sample-person' }, personLink(person))),
      ),
    ];
  }

  return {
    node,
    /** Something changed: counts anew after a moment. */
    update() {
      window.clearTimeout(timer);
      if (!idle()) timer = window.setTimeout(ask, WAIT_MS);
    },
    /** Hears the number as words, for the bar on a phone. @param {(text: string) => void} handler */
    onCount(handler) {
      onCount = handler;
    },
  };
}
