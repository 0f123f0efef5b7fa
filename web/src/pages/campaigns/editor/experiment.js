/** Whom a campaign holds back to compare, and several texts that are tried against each other. */
import { h } from '../../../ui/dom.js';
import { areaField, numberIn, selectField, textField } from '../../../ui/fields.js';
import { addButton, numberField } from './fields.js';
import { orderedList } from './ordered.js';

/** @import {Experiment, Target} from '../../../types' */

const LETTERS = 'ABCDEFGH';
/** By what it is said to work. @type {[string, string][]} */
const OUTCOMES = [
  ['conversion', 'how many buy'],
  ['revenue', 'what they spend'],
  ['churn', 'how many are lost'],
  ['ltv', 'what they will have spent in a year'],
];

/** @param {{plan: Experiment | null, first: () => {title: string, body: string}}} options `first`: the campaign's own words */
export function experimentPart({ plan, first }) {
  const holdout = numberField('Hold back of this campaign (%)', plan?.holdout_percent ?? 0, {
    testid: 'holdout',
    min: 0,
    max: 50,
    hint: 'They get nothing of it, so that you see what it brings. Beside the comparison group of everything.',
  });
  const days = numberField('Planned end (days)', plan?.days ?? 90, {
    testid: 'plan-days',
    min: 2,
    max: 366,
    hint: 'After the first message. The answer is given then, and before only if it is overwhelming.',
  });
  const window = numberField('Watched for (days)', plan?.window_days ?? 30, {
    testid: 'plan-window',
    min: 1,
    max: 90,
    hint: 'Each person, from their message on; fewer than until the planned end.',
  });
  const decides = selectField('It works by', OUTCOMES, plan?.decides ?? 'conversion', { testid: 'plan-decides' });
  const list = orderedList({
    label: 'Texts',
    testid: 'variants',
    items: (plan?.variants ?? []).map(variant),
    onChange: () => {},
  });
  const error = h('p', { class: 'field-error', role: 'alert' });
  const texts = h(
    'div',
    { class: 'stack' },
    h('h3', null, 'Several texts'),
    h('p', { class: 'quiet' }, 'Each person gets one by lot and keeps it. They take the place of the text above.'),
    list.node,
    h('p', null, addButton('Another text', add, 'add-variant')),
  );
  let withTexts = true;
  const asked = JSON.stringify(body());

  /** Two at least: the first one begins as the campaign's own. */
  function add() {
    if (list.items.length === 0) list.add(variant({ name: 'A', weight: 1, ...first() }));
    const name = LETTERS[list.items.length] ?? `${list.items.length + 1}`;
    const made = variant({ name, weight: 1, title: '', body: '' });
    list.add(made);
    made.words.input.focus();
  }

  function body() {
    return {
      holdout_percent: numberIn(holdout.input) ?? 0,
      days: numberIn(days.input),
      window_days: numberIn(window.input),
      decides: decides.input.value,
      variants: withTexts ? list.items.map((item) => item.read()) : [],
    };
  }

  return {
    node: h(
      'section',
      { class: 'card', 'data-testid': 'experiment-part' },
      h('h2', null, 'Does it work?'),
      holdout.node,
      h('div', { class: 'field-trio' }, decides.node, days.node, window.node),
      plan && plan.version > 0 && h('p', { class: 'quiet' }, 'Changing this plan begins the measuring anew.'),
      error,
      texts,
    ),
    /** @param {boolean} isOneMessage a journey has its texts in its steps */
    show(isOneMessage) {
      withTexts = isOneMessage;
      texts.hidden = !isOneMessage;
    },
    /** The plan to be put, or null where nothing has changed. */
    read() {
      const now = body();
      if (JSON.stringify(now) === asked) return null;
      return { ...(plan && { smallest_effect: plan.smallest_effect }), ...now };
    },
    /** @returns {Target[]} */
    targets: () => [
      ['/holdout_percent', holdout],
      ['/days', days],
      ['/window_days', window],
      ['', { setError: (text) => void (error.textContent = text ?? '') }],
      ...list.items.flatMap((item, n) => item.targets(`/variants/${n}`)),
    ],
  };
}

/** @param {{name: string, weight: number, title: string, body: string}} given */
function variant(given) {
  const name = textField('Name', { value: given.name, maxlength: 40 }, { testid: 'variant-name' });
  const weight = numberField('Weight', given.weight, { testid: 'variant-weight', min: 1, max: 1000 });
  const title = textField('Title', { value: given.title, maxlength: 200 }, { testid: 'variant-title' });
  const body = areaField('Text', { value: given.body, maxlength: 2000, rows: 2 }, { testid: 'variant-body' });
  return {
    title: () => `Text ${name.input.value}`,
    words: title,
    node: h(
      'div',
      { class: 'stack' },
      h('div', { class: 'field-pair' }, name.node, weight.node),
      title.node,
      body.node,
    ),
    read: () => ({
      name: name.input.value.trim(),
      weight: numberIn(weight.input) ?? 0,
      title: title.input.value,
      body: body.input.value,
    }),
    /** @param {string} at @returns {Target[]} */
    targets: (at) => [
      [`${at}/name`, name],
      [`${at}/weight`, weight],
      [`${at}/title`, title],
      [`${at}/body`, body],
    ],
  };
}
