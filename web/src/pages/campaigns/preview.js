/** The push while it is being written, rendered by the server so that it looks exactly as it will. */
import { ApiError } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { EXAMPLE_NAME, pushCard, renderPush, warningList } from './words.js';

/** @import {Names} from './words.js' */
/** @import {Field} from '../../ui/fields.js' */

const TYPING_MS = 350;

/**
 * @param {Names} names
 * @param {() => {title: string, body: string, store_id: string | null, zone_id: string | null}} read
 * @param {{title: Field, body: Field}} fields where a mistake in the text is shown
 * @param {() => HTMLElement | null} extras what is shown with the push besides its words
 */
export function livePreview(names, read, fields, extras) {
  const words = h('div', { class: 'preview-words' });
  const more = h('div', null);
  const place = h('div', { 'data-testid': 'preview' }, words, more);
  let timer = 0;
  let last = '';

  async function render() {
    const draft = read();
    const text = JSON.stringify(draft);
    if (text === last) return;
    last = text;
    const store = names.stores.get(draft.store_id ?? '')?.properties;
    /** @param {string} title @param {string} body */
    const show = (title, body) => [
      h('h2', null, 'Preview'),
      pushCard(store?.name ?? 'Mall', store?.brand_color, title || 'Title', body || 'What the shopper reads.'),
    ];
    fields.title.setError(null);
    fields.body.setError(null);
    if (!draft.title && !draft.body) {
      fill(words, show('', ''));
      return;
    }
    try {
      const rendered = await renderPush(draft);
      if (text !== last) return;
      fill(
        words,
        show(rendered.title, rendered.body),
        warningList(rendered.warnings ?? []),
        h('p', { class: 'quiet' }, `As ${EXAMPLE_NAME} would see it.`),
      );
    } catch (error) {
      if (text !== last) return;
      fill(words, show(draft.title, draft.body));
      if (!(error instanceof ApiError)) throw error;
      for (const { pointer = '', detail } of error.errors)
        (pointer.includes('title') ? fields.title : fields.body).setError(detail);
    }
  }

  return {
    node: place,
    update() {
      fill(more, extras());
      window.clearTimeout(timer);
      timer = window.setTimeout(render, TYPING_MS);
    },
  };
}
