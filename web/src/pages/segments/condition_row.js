/** One condition as a row of the builder: its dropdowns, fields and chips in the order of a sentence. */
import { h, uid } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { menuButton } from '../../ui/menu.js';
import { partsOf, titleOf } from './kinds/index.js';
import { bare } from './tree.js';

/** @import {Part} from './parts.js' */
/** @import {Condition, Path} from './tree.js' */
/** @import {Editor} from './tree_view.js' */

/**
 * @param {Editor} editor @param {Condition} node @param {Path} path
 * @param {HTMLElement} tools what can be done with any condition
 */
export function conditionRow(editor, node, path, tools) {
  const { isNot, inner } = bare(node);
  const { parts, narrow } = partsOf(inner, editor.world);
  const place = path.join('.');
  const title = titleOf(inner);
  const complaint = h('p', { class: 'field-error', 'data-complaint': place });
  return h(
    'div',
    {
      class: 'condition',
      role: 'group',
      'aria-label': `${isNot ? 'Not: ' : ''}${title}`,
      'data-row': place,
      'data-kind': inner.kind,
      'data-testid': 'condition',
    },
    notButton(editor, path, isNot),
    h(
      'div',
      { class: 'condition-parts' },
      parts.map((part) => control(editor, part, path)),
      narrow.length > 0 &&
        menuButton({
          label: `Narrow down “${title}”`,
          content: [icon('plus', 16), 'Narrow down'],
          class: 'button button-small button-quiet',
          testid: 'narrow',
          key: `${place}:narrow`,
          items: () =>
            narrow.map(({ words, add, key }) => ({
              label: words,
              testid: `narrow-${key}`,
              act: () => editor.edit(path, add, `${place}:${key}`),
            })),
        }),
    ),
    tools,
    complaint,
  );
}

/** @param {Editor} editor @param {Path} path @param {boolean} isNot */
export function notButton(editor, path, isNot) {
  const key = `${path.join('.')}:not`;
  return h(
    'button',
    {
      type: 'button',
      class: 'not-button',
      'aria-pressed': String(isNot),
      title: 'Turn it round: people for whom this is not so',
      'data-key': key,
      'data-testid': 'not',
      on: { click: () => editor.negate(path, key) },
    },
    'not',
  );
}

/** @param {Editor} editor @param {Part} part @param {Path} path */
function control(editor, part, path) {
  if (part.type === 'words') return h('span', { class: 'part-words' }, part.words);
  const key = `${path.join('.')}:${part.key}`;
  const { drop, lead, unit } = part;
  const input = part.type === 'chips' ? chipBoxes(editor, part, path, key) : field(editor, part, path, key);
  if (!drop && !unit && !lead) return input;
  return h(
    'span',
    { class: 'part-group' },
    lead && h('span', { class: 'part-words' }, lead),
    input,
    unit && h('span', { class: 'part-words' }, unit),
    drop &&
      h(
        'button',
        {
          type: 'button',
          class: 'part-drop',
          'aria-label': `Leave out: ${part.words}`,
          on: { click: () => editor.edit(path, drop, `${path.join('.')}:narrow`) },
        },
        icon('close', 16),
      ),
  );
}

/** @param {Editor} editor @param {Part} part @param {Path} path @param {string} key */
function field(editor, part, path, key) {
  const attrs = { 'aria-label': part.words, 'data-key': key, 'data-testid': `part-${part.key}` };
  const set = /** @type {NonNullable<Part['set']>} */ (part.set);
  if (part.type === 'choice') return dropdown(editor, part, path, key, attrs);
  const list = part.known?.length ? uid('known') : null;
  const input = h('input', {
    ...attrs,
    type: part.type,
    class: `part-${part.type}`,
    value: part.value ?? '',
    placeholder: part.type === 'text' ? part.words : null,
    min: part.min,
    max: part.max,
    step: part.type === 'number' ? (part.step ?? 'any') : null,
    maxlength: part.type === 'text' ? (part.most ?? 200) : null,
    list,
    autocomplete: 'off',
    on: { input: () => editor.type(path, (was) => set(was, valueOf(part, input))) },
  });
  if (!list) return input;
  return h(
    'span',
    { class: 'part-group' },
    input,
    h(
      'datalist',
      { id: list },
      part.known?.map((value) => h('option', { value })),
    ),
  );
}

/** @param {Part} part @param {HTMLInputElement} input */
function valueOf(part, input) {
  if (part.type !== 'number') return input.value;
  return input.value.trim() === '' ? null : Number(input.value);
}

/** @param {Editor} editor @param {Part} part @param {Path} path @param {string} key @param {Record<string, string>} attrs */
function dropdown(editor, part, path, key, attrs) {
  const options = part.options ?? [];
  const value = String(part.value ?? '');
  const isKnown = options.some(([each]) => each === value);
  const select = h(
    'select',
    {
      ...attrs,
      class: isKnown ? 'part-choice' : 'part-choice part-open',
      on: {
        change: () => {
          select.classList.toggle('part-open', !options.some(([each]) => each === select.value));
          editor.edit(path, (was) => /** @type {any} */ (part.set)(was, select.value), key);
        },
      },
    },
    !isKnown && h('option', { value, selected: true }, value ? 'something deleted' : `${part.words}…`),
    options.map(([each, said]) => h('option', { value: each, selected: each === value }, said)),
  );
  return select;
}

/** @param {Editor} editor @param {Part} part @param {Path} path @param {string} key */
function chipBoxes(editor, part, path, key) {
  const boxes = (part.options ?? []).map(([value, said]) => {
    const box = h('input', {
      type: 'checkbox',
      value,
      checked: Boolean(part.value?.includes(value)),
      'data-key': `${key}.${value}`,
      'data-testid': `part-${part.key}-${value}`,
      on: { change: choose },
    });
    return { box, node: h('label', { class: 'chip chip-small' }, box, h('span', null, said)) };
  });
  function choose() {
    const chosen = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
    editor.edit(path, (was) => /** @type {any} */ (part.set)(was, chosen), key);
  }
  return h(
    'span',
    { class: 'chip-row', role: 'group', 'aria-label': part.words },
    boxes.map(({ node }) => node),
  );
}
