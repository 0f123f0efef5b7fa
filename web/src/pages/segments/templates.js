/** The classic segments to start from. What one leaves open is asked for; then it opens in the builder. */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { numberIn, selectField, textField } from '../../ui/fields.js';
import { digitsOf } from '../../ui/decimals.js';
import { icon } from '../../ui/icons.js';
import { ask, whileLoading } from '../../ui/widgets.js';

/** @import {Context} from '../../types' */
/** @import {Parameter, Template, Vocabulary} from './shapes.js' */

/** @type {[string, string][]} */
const GROUPS = [
  ['value', 'What they are worth'],
  ['life', 'Where they stand'],
  ['habit', 'Against their own habit'],
  ['place', 'Where they are'],
  ['consent', 'How they may be reached'],
];

/** @param {HTMLElement} place @param {{context: Context, signal: AbortSignal}} options */
export function templatesView(place, { context, signal }) {
  const body = h('div', { class: 'stack' });
  fill(
    place,
    h('a', { class: 'back-link', href: '/segments' }, icon('back', 16), 'Segments'),
    h('header', { class: 'page-head' }, h('h1', null, 'Start from a template')),
    body,
  );
  whileLoading(
    body,
    () => Promise.all([get('/v1/segments/templates', {}, signal), get('/v1/segments/vocabulary', {}, signal)]),
    ([{ items }, vocabulary]) =>
      GROUPS.map(([group, title]) =>
        section(
          title,
          items.filter((/** @type {Template} */ one) => one.group === group),
          context,
          vocabulary,
        ),
      ),
  );
}

/** @param {string} title @param {Template[]} templates @param {Context} context @param {Vocabulary} vocabulary */
function section(title, templates, context, vocabulary) {
  if (!templates.length) return null;
  return h(
    'section',
    { class: 'stack', 'aria-label': title },
    h('h2', null, title),
    h(
      'ul',
      { class: 'template-list' },
      templates.map((template) =>
        h(
          'li',
          null,
          h(
            'button',
            {
              type: 'button',
              class: 'template',
              'data-testid': `template-${template.name}`,
              on: { click: () => use(template, context, vocabulary) },
            },
            h('strong', null, template.title),
            h('span', null, template.about),
          ),
        ),
      ),
    ),
  );
}

/** @param {Template} template @param {Context} context @param {Vocabulary} vocabulary */
async function use(template, context, vocabulary) {
  const fields = template.parameters.map((parameter) => parameterField(parameter, vocabulary));
  if (fields.length) {
    const answer = await ask({
      title: template.title,
      testid: 'template-dialog',
      body: fields.map(({ node }) => node),
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Use it', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!answer) return;
  }
  const parameters = Object.fromEntries(fields.map(({ name, value }) => [name, value()]));
  const store = context.me.operator.role === 'shop' ? vocabulary.stores[0]?.id : null;
  const query = { new: 1, template: template.name, with: JSON.stringify(parameters), store };
  context.navigate(`/segments${queryString(query)}`);
}

/** @param {Parameter} parameter @param {Vocabulary} vocabulary */
function parameterField(parameter, vocabulary) {
  const { name, label, default: usual, required, least, most } = parameter;
  const options = optionsOf(parameter, vocabulary);
  const testid = `parameter-${name}`;
  if (options) {
    /** @type {[string, string][]} */
    const open = usual === null ? [['', required ? 'Choose…' : 'any']] : [];
    const { node, input } = selectField(label, [...open, ...options], String(usual ?? ''), { testid });
    input.required = required;
    return { name, node, value: () => input.value || null };
  }
  const by = parameter.type === 'money' ? 10 ** digitsOf(vocabulary.currency) : 1;
  const { node, input } = textField(
    parameter.type === 'money' && vocabulary.currency ? `${label} (${vocabulary.currency})` : label,
    {
      type: 'number',
      value: usual === null ? '' : usual / by,
      min: least === null ? null : least / by,
      max: most === null ? null : most / by,
      step: 1 / by,
      required: required || usual !== null,
    },
    { testid },
  );
  const value = () => numberIn(/** @type {HTMLInputElement} */ (input));
  return { name, node, value: () => (value() === null ? null : Math.round(Number(value()) * by)) };
}

/** @param {Parameter} parameter @param {Vocabulary} vocabulary @returns {[string, string][] | null} */
function optionsOf({ type, choices }, vocabulary) {
  if (type === 'store') return vocabulary.stores.map(({ id, name }) => [id, name]);
  if (type === 'category') return vocabulary.categories.map((name) => [name, name]);
  return type === 'choice' ? choices.map(({ value, label }) => [value, label]) : null;
}
