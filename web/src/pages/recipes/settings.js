/** The settings of a recipe as a form: what the catalogue says may be set, with what was set before. */
import { h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { minorOf, typed } from '../offers/words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Parameter, Recipe} from './words.js' */
/** @typedef {{id: string, title: string}} Item */

const UNITS = /** @type {Record<string, string>} */ ({
  percent: ', percent',
  days: '',
  minutes: '',
  years: '',
  money: '',
  clock: '',
});

const NUMBERS = new Set(['percent', 'days', 'minutes', 'years']);

/**
 * @param {{recipe: Recipe, set: Record<string, any>, context: Context, stores: Store[], items: Item[],
 *   currency: () => string, onChange: () => void}} options
 */
export function settingsForm({ recipe, set, context, stores, items, currency, onChange }) {
  const fields = new Map(recipe.parameters.map((one) => [one.name, makeField(one)]));
  const node = h(
    'div',
    { class: 'recipe-fields', on: { change: onChange } },
    [...fields.values()].map((one) => one.node),
  );

  /** @param {Parameter} parameter */
  function makeField(parameter) {
    const { name, label, kind, hint } = parameter;
    const value = set[name] ?? parameter.default;
    const options = { testid: `set-${recipe.recipe}-${name}`, hint };
    const words = `${label}${UNITS[kind] ?? ''}`;
    if (kind === 'store') return selectField(words, storeChoices(), value ?? '', options);
    if (kind === 'content') {
      const choices = items.map(({ id, title }) => /** @type {[string, string]} */ ([id, title]));
      return selectField(words, [['', 'the one that begins next'], ...choices], value ?? '', options);
    }
    if (kind === 'clock') return textField(words, { type: 'time', value }, options);
    if (kind === 'day_part') return textField(words, { value: value ?? '' }, options);
    if (kind === 'categories') return textField(words, { value: (value ?? []).join(', ') }, options);
    if (kind === 'money') {
      return textField(words, { inputmode: 'decimal', value: typed(value, currency()) }, options);
    }
    return textField(words, { type: 'number', min: 0, value: value ?? '' }, options);
  }

  /** @returns {[string, string][]} */
  function storeChoices() {
    const own = stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name]));
    return context.me.operator.role === 'shop' ? own : [['', `all of ${context.me.tenant.name}`], ...own];
  }

  /** What is set, as the API takes it; what is empty is left out. */
  function values() {
    /** @type {Record<string, any>} */
    const found = {};
    for (const { name, kind } of recipe.parameters) {
      const text = fields.get(name)?.input.value.trim() ?? '';
      if (text === '') continue;
      if (NUMBERS.has(kind)) found[name] = Number(text);
      else if (kind === 'money') found[name] = minorOf(text, currency());
      else if (kind === 'categories')
        found[name] = text
          .split(',')
          .map((word) => word.trim())
          .filter(Boolean);
      else found[name] = text;
    }
    return found;
  }

  /** Puts complaints under their fields; true if all found one. @param {{pointer?: string, detail: string}[]} errors */
  function complain(errors) {
    for (const one of fields.values()) one.setError(null);
    const strangers = errors.filter(({ pointer = '', detail }) => {
      const found = fields.get(pointer.replace(/^#\//, '').split('/')[0]);
      found?.setError(detail);
      return !found;
    });
    return strangers.length === 0 && errors.length > 0;
  }

  return { node, values, complain };
}
