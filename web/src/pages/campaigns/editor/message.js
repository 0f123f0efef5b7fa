/** The words of one message, with what may be put into them, its offer and what it speaks of. */
import { fill, h } from '../../../ui/dom.js';
import { areaField, selectField, textField } from '../../../ui/fields.js';
import { choices } from './fields.js';

/** @import {Target, World} from '../../../types' */

/** @typedef {{title?: string, body?: string, offer_id?: string | null, content_id?: string | null}} Words */
/** @typedef {ReturnType<typeof messagePart>} MessagePart */

/**
 * @param {{words: Words, world: World, testid: string, onActive: (part: any) => void}} options `onActive` hears which
 *   message is being written
 */
export function messagePart({ words, world, testid, onActive }) {
  const title = textField(
    'Title',
    { value: words.title ?? '', maxlength: 200, required: true },
    { testid: `${testid}-title` },
  );
  const body = areaField(
    'Text',
    { value: words.body ?? '', maxlength: 4000, rows: 3, required: true },
    { testid: `${testid}-body` },
  );
  const offer = selectField('Offer', choices('None', world.offers, words.offer_id), words.offer_id ?? '', {
    testid: `${testid}-offer`,
    hint: 'Everybody gets a coupon of their own.',
  });
  const item = selectField(
    'It speaks of',
    choices('Nothing in particular', world.items, words.content_id),
    words.content_id ?? '',
    {
      testid: `${testid}-content`,
      hint: 'A promotion, event or new arrival. When it changes, the message does.',
    },
  );
  const insert = h('p', { class: 'variables' });
  const extras = h('div', { class: 'field-pair' }, offer.node, item.node);
  let last = /** @type {HTMLInputElement | HTMLTextAreaElement} */ (body.input);
  let marketing = true;

  /** @param {string} variable */
  function put(variable) {
    last.setRangeText(`{{ ${variable} }}`, last.selectionStart ?? 0, last.selectionEnd ?? 0, 'end');
    last.focus();
    last.dispatchEvent(new Event('input', { bubbles: true }));
  }

  const part = {
    node: h('div', { class: 'stack' }, title.node, body.node, insert, extras),
    title,
    body,
    read: () => ({
      title: title.input.value,
      body: body.input.value,
      offer_id: (marketing && offer.input.value) || null,
      content_id: item.input.value || null,
    }),
    /** What its kind of campaign has for texts. @param {string[]} variables @param {boolean} isMarketing */
    show(variables, isMarketing) {
      marketing = isMarketing;
      offer.node.hidden = !isMarketing || (!world.offers.length && !words.offer_id);
      item.node.hidden = !world.items.length && !words.content_id;
      extras.hidden = offer.node.hidden && item.node.hidden;
      const all = [
        ...variables,
        ...(isMarketing && offer.input.value ? ['offer.label', 'offer.code'] : []),
        ...(item.input.value ? ['content.title', 'content.text', 'content.place', 'content.starts'] : []),
      ];
      const said = all.join();
      if (insert.dataset.said === said) return;
      insert.dataset.said = said;
      fill(
        insert,
        h('span', { class: 'quiet' }, 'Insert:'),
        all.map((name) =>
          h('button', { type: 'button', class: 'button button-small', on: { click: () => put(name) } }, name),
        ),
      );
    },
    /** @param {string} at @returns {Target[]} */
    targets: (at) => [
      [`${at}/title`, title],
      [`${at}/body`, body],
      [`${at}/offer_id`, offer],
      [`${at}/content_id`, item],
    ],
  };
  part.node.addEventListener('focusin', (event) => {
    const at = event.target;
    if (at === title.input || at === body.input) last = /** @type {HTMLInputElement} */ (at);
    onActive(part);
  });
  return part;
}
