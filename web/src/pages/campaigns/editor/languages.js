/** The same message in other languages: who reads one of these gets it, all others the first text. */
import { h } from '../../../ui/dom.js';
import { areaField, selectField, textField } from '../../../ui/fields.js';
import { addButton, fold } from './fields.js';
import { orderedList } from './ordered.js';

/** @import {Target} from '../../../types' */
/** @typedef {Record<string, {title: string, body: string}>} Texts */

const NAMES = new Intl.DisplayNames('en', { type: 'language' });
const OFFERED = ['ar', 'da', 'de', 'en', 'es', 'fr', 'it', 'lv', 'ro', 'sr'];
/** @param {string} tag */
const nameOf = (tag) => NAMES.of(tag.replaceAll('_', '-')) ?? tag;

/** @param {Texts} texts */
export function languagesPart(texts) {
  const list = orderedList({
    label: 'Other languages',
    testid: 'languages',
    items: Object.entries(texts).map(([tag, words]) => language(tag, words)),
    onChange: () => part.dispatchEvent(new Event('change', { bubbles: true })),
  });
  const next = selectField(
    'Another language',
    OFFERED.map((tag) => [tag, nameOf(tag)]),
    OFFERED.find((tag) => !(tag in texts)) ?? 'en',
    { testid: 'language-next' },
  );
  function add() {
    const tag = next.input.value;
    const there = list.items.find((item) => item.tag === tag);
    if (!there) list.add(language(tag, { title: '', body: '' }));
    (there ?? list.items[list.items.length - 1]).words.input.focus();
  }
  const said = Object.keys(texts).map(nameOf).join(', ');
  const part = fold(
    said ? `Other languages: ${said}` : 'Other languages',
    false,
    [
      h('p', { class: 'quiet' }, 'Who reads one of these gets it; all others get the text above.'),
      list.node,
      next.node,
      h('p', null, addButton('Add this language', add, 'add-language')),
    ],
    'other-languages',
  );
  return {
    node: part,
    /** @returns {Texts} */
    read: () => Object.fromEntries(list.items.map((item) => [item.tag, item.read()])),
    /** @param {string} at @returns {Target[]} */
    targets: (at) => list.items.flatMap((item) => item.targets(`${at}/${item.tag}`, () => (part.open = true))),
  };
}

/** @param {string} tag @param {{title: string, body: string}} given */
function language(tag, given) {
  const name = nameOf(tag);
  const dir = new Intl.Locale(tag.replaceAll('_', '-')).language === 'ar' ? 'rtl' : 'auto';
  const title = textField(
    `Title, ${name}`,
    { value: given.title, maxlength: 200, lang: tag, dir },
    { testid: `title-${tag}` },
  );
  const body = areaField(
    `Text, ${name}`,
    { value: given.body, maxlength: 4000, rows: 2, lang: tag, dir },
    { testid: `body-${tag}` },
  );
  return {
    tag,
    words: title,
    title: () => name,
    node: h('div', { class: 'stack' }, title.node, body.node),
    read: () => ({ title: title.input.value, body: body.input.value }),
    /** @param {string} at @param {() => void} open @returns {Target[]} */
    targets: (at, open) =>
      /** @type {[string, typeof title][]} */ ([
        [`${at}/title`, title],
        [`${at}/body`, body],
      ]).map(([path, place]) => [
        path,
        {
          setError(text) {
            place.setError(text);
            if (text) open();
          },
        },
      ]),
  };
}
