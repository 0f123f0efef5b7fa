/** A field in which products of the catalogue are chosen: type, take one of those found; the chosen ones as chips. */
import { get } from '../../api.js';
import { fill, h, uid } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';

/** @import {Product} from '../../types' */
/** @import {Named} from './words.js' */

const WAIT_MS = 250;

/**
 * @param {string} label
 * @param {{chosen: Named[], most: number, testid: string, hint?: string, signal: AbortSignal,
 *   onPick?: (product: Product) => void}} options `onPick`: take it at once, keep no chips
 */
export function productsField(label, { chosen, most, testid, hint, signal, onPick }) {
  const id = uid('products');
  const errorId = `${id}-error`;
  let kept = [...chosen];
  let due = 0;
  let asked = 0;
  const chips = h('ul', { class: 'chosen', 'data-testid': `${testid}-chosen` });
  const found = h('ul', { class: 'found', 'data-testid': `${testid}-found` });
  const error = h('p', { class: 'field-error', id: errorId });
  const input = h('input', {
    type: 'search',
    id,
    autocomplete: 'off',
    placeholder: 'Name, brand, number',
    'aria-describedby': errorId,
    'data-testid': testid,
    on: {
      input: () => {
        window.clearTimeout(due);
        due = window.setTimeout(search, WAIT_MS);
      },
      // Enter takes the first one found; it must not send the whole form
      keydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        found.querySelector('button')?.click();
      },
    },
  });

  async function search() {
    const mine = ++asked;
    const q = input.value.trim();
    if (!q) return fill(found);
    try {
      const { items } = await get('/v1/products', { q, limit: 6 }, signal);
      if (mine !== asked) return;
      fill(found, items.length ? items.map(option) : h('li', { class: 'quiet' }, 'No such product.'));
    } catch (failure) {
      if (!signal.aborted && mine === asked) fill(found, h('li', { class: 'field-error' }, explain(failure)));
    }
  }

  /** @param {Product} product */
  function option(product) {
    const words = [product.name, product.brand].filter(Boolean).join(' · ');
    return h('li', null, h('button', { type: 'button', class: 'button', on: { click: () => take(product) } }, words));
  }

  /** @param {Product} product */
  function take(product) {
    input.value = '';
    fill(found);
    input.focus();
    if (onPick) return onPick(product);
    if (kept.some((one) => one.id === product.id)) return;
    kept = [...kept, { id: product.id, name: product.name }].slice(-most);
    draw();
  }

  function draw() {
    fill(
      chips,
      kept.map((one) =>
        h(
          'li',
          null,
          h('span', { class: 'breaks' }, one.name),
          h(
            'button',
            {
              type: 'button',
              class: 'icon-button',
              'aria-label': `Take ${one.name} out`,
              on: {
                click: () => {
                  kept = kept.filter((other) => other !== one);
                  draw();
                  input.focus();
                },
              },
            },
            icon('close', 16),
          ),
        ),
      ),
    );
  }

  draw();
  const node = h(
    'div',
    { class: 'field products-field' },
    h('label', { for: id }, label),
    chips,
    input,
    found,
    hint && h('p', { class: 'field-hint' }, hint),
    error,
  );
  return {
    node,
    input,
    ids: () => kept.map((one) => one.id),
    setError: (/** @type {string | null} */ text) => {
      fill(error, text);
      node.classList.toggle('field-bad', Boolean(text));
    },
  };
}
