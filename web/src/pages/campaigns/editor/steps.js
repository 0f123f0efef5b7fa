/** The steps of a journey: waits, questions and messages, in order; a question has two further lists inside. */
import { h } from '../../../ui/dom.js';
import { dayChips, numberIn, selectField } from '../../../ui/fields.js';
import { menuButton } from '../../../ui/menu.js';
import { icon } from '../../../ui/icons.js';
import { dateField, numberField, timeField } from './fields.js';
import { languagesPart } from './languages.js';
import { messagePart } from './message.js';
import { orderedList } from './ordered.js';
import { question } from './questions.js';

/** @import {Step, Target, World} from '../../../types' */
/** @import {MessagePart} from './message.js' */

const MOST_DEEP = 2; // the server takes five; more than two nobody can read
/** @type {Record<string, string>} */
const TITLES = { wait: 'Wait', wait_until: 'Wait until', branch: 'Ask', message: 'Message' };
/** @type {Record<string, string>} */
const WORDS = {
  message: 'Send a message',
  wait: 'Wait for a while',
  wait_until: 'Wait until a time',
  branch: 'Ask, and go two ways',
};
/** @type {[string, string, number][]} */
const UNITS = [
  ['minutes', 'minutes', 60],
  ['hours', 'hours', 3600],
  ['days', 'days', 86_400],
];

/**
 * @typedef {object} StepPart
 * @property {HTMLElement} node
 * @property {HTMLElement | null} [tools]
 * @property {() => string} title
 * @property {() => Step} read
 * @property {(at: string) => Target[]} targets
 * @property {() => MessagePart[]} messages
 * @property {() => string[]} ids
 */
/** @typedef {{world: World, onChange: () => void, onActive: (part: MessagePart) => void, newId: (kind: string) => string}} Surroundings */

/** @param {Surroundings} around @param {Step[]} steps @param {number} [deep] @param {string} [label] */
export function stepList(around, steps, deep = 0, label = 'Steps') {
  const list = orderedList({
    label,
    testid: deep ? `steps-${deep}` : 'steps',
    items: steps.map((step) => stepPart(around, step, deep)),
    onChange: around.onChange,
  });
  const kinds = Object.keys(WORDS).filter((kind) => kind !== 'branch' || deep < MOST_DEEP);
  const add = menuButton({
    label: deep ? `Add a step: ${label}` : 'Add a step',
    content: [icon('plus', 16), 'Add a step'],
    class: 'button button-small',
    testid: deep ? 'add-inner-step' : 'add-step',
    items: () => kinds.map((kind) => ({ label: WORDS[kind], testid: `add-${kind}`, act: () => append(kind) })),
  });

  /** @param {string} kind @param {Partial<Step>} [given] */
  function append(kind, given = {}) {
    const part = stepPart(around, { kind, id: around.newId(kind), ...given }, deep);
    list.add(part);
    around.onChange();
    /** @type {HTMLElement | null} */ (part.node.querySelector('input, select, textarea'))?.focus();
    return part;
  }

  return {
    node: h('div', { class: 'stack' }, list.node, h('p', null, add)),
    items: list.items,
    append,
    read: () => list.items.map((part) => part.read()),
    messages: () => list.items.flatMap((part) => part.messages()),
    ids: () => list.items.flatMap((part) => part.ids()),
    /** @param {string} at @returns {Target[]} */
    targets: (at) => list.items.flatMap((part, n) => part.targets(`${at}/${n}`)),
  };
}

/** @param {Surroundings} around @param {Step} step @param {number} deep @returns {StepPart} */
function stepPart(around, step, deep) {
  const error = h('p', { class: 'field-error', role: 'alert' });
  const self = { setError: (/** @type {string | null} */ text) => void (error.textContent = text ?? '') };
  const of = { wait, wait_until: waitUntil, branch, message }[step.kind] ?? wait;
  const body = of(around, step, deep);
  const title = () => TITLES[step.kind];
  return {
    node: h(
      'div',
      { class: `step step-${step.kind}`, role: 'group', 'aria-label': title(), 'data-testid': `step-${step.kind}` },
      h('p', { class: 'step-kind' }, title()),
      body.node,
      error,
    ),
    title,
    read: () => ({ kind: step.kind, id: step.id, ...body.read() }),
    // the server names a step by its place, or by its id once it looks at what the step names
    targets: (at) => [
      ...[at, `/steps/${step.id}`].flatMap((path) => [/** @type {Target} */ ([path, self]), ...body.targets(path)]),
    ],
    messages: body.messages ?? (() => []),
    ids: () => [step.id, ...(body.ids?.() ?? [])],
  };
}

/**
 * @typedef {object} Body
 * @property {HTMLElement} node
 * @property {() => Partial<Step>} read
 * @property {(at: string) => Target[]} targets
 * @property {() => MessagePart[]} [messages]
 * @property {() => string[]} [ids]
 */

/** @param {Surroundings} _ @param {Step} step @returns {Body} */
function wait(_, { seconds = 86_400 }) {
  const [unit, , size] = [...UNITS].reverse().find(([, , s]) => seconds % s === 0) ?? ['minutes', '', 60];
  const count = numberField('For', seconds / size, { testid: 'step-seconds', min: 1 });
  const units = selectField(
    'Unit',
    UNITS.map(([value, words]) => [value, words]),
    unit,
    { testid: 'step-unit' },
  );
  return {
    node: h('div', { class: 'field-pair' }, count.node, units.node),
    read: () => ({
      seconds: Math.round(
        (numberIn(count.input) ?? 0) * (UNITS.find(([value]) => value === units.input.value)?.[2] ?? 60),
      ),
    }),
    targets: (at) => [[`${at}/seconds`, count]],
  };
}

/** @param {Surroundings} _ @param {Step} step @returns {Body} */
function waitUntil(_, step) {
  const how = selectField(
    'Until',
    [
      ['at', 'a time of the day'],
      ['day_part', 'a part of the day'],
      ['on', 'a date'],
      ['best_hour', 'each person’s best hour'],
      ['free_time', 'their best hour in the evening or at the weekend'],
    ],
    step.free_time ? 'free_time' : step.best_hour ? 'best_hour' : step.on ? 'on' : step.day_part ? 'day_part' : 'at',
    { testid: 'step-until' },
  );
  const best = h(
    'p',
    { class: 'quiet', 'data-testid': 'step-best' },
    'An hour of the next day at which this person most likely answers, by when they opened, clicked and bought before; ' +
      'inside the campaign’s hours.',
  );
  const on = dateField('On', step.on ?? '', 'step-on');
  const at = timeField('At', step.at ?? '10:00', 'step-at', 'On the person’s own clock.');
  const part = selectField(
    'Part of the day',
    [
      ['morning', 'the morning (08:00)'],
      ['midday', 'midday (11:30)'],
      ['afternoon', 'the afternoon (14:00)'],
      ['evening', 'the evening (17:30)'],
    ],
    step.day_part ?? 'morning',
    { testid: 'step-part' },
  );
  const days = dayChips(step.days ?? [], 'step-days');
  const isBest = () => how.input.value === 'best_hour' || how.input.value === 'free_time';
  function show() {
    on.node.hidden = how.input.value !== 'on';
    part.node.hidden = how.input.value !== 'day_part';
    at.node.hidden = !['at', 'on'].includes(how.input.value);
    days.node.hidden = !['at', 'day_part'].includes(how.input.value);
    best.hidden = !isBest();
  }
  how.input.addEventListener('change', show);
  show();
  return {
    node: h(
      'div',
      { class: 'stack' },
      h('div', { class: 'field-trio' }, how.node, on.node, at.node, part.node),
      days.node,
      best,
    ),
    read() {
      const by = how.input.value;
      if (isBest()) return { best_hour: true, free_time: by === 'free_time' };
      return {
        at: by === 'day_part' ? null : at.input.value || null,
        day_part: by === 'day_part' ? part.input.value : null,
        on: by === 'on' ? on.input.value || null : null,
        days: by === 'on' ? [] : days.values(),
      };
    },
    targets: (path) => [
      [`${path}/at`, at],
      [`${path}/on`, on],
      [`${path}/days`, days],
    ],
  };
}

/** @param {Surroundings} around @param {Step} step @param {number} deep @returns {Body} */
function branch(around, step, deep) {
  const asked = question(step.when, around.world);
  const yes = stepList(around, step.then ?? [], deep + 1, 'If so');
  const no = stepList(around, step.otherwise ?? [], deep + 1, 'If not');
  const side = (/** @type {string} */ words, /** @type {HTMLElement} */ node, /** @type {string} */ testid) =>
    h('div', { class: 'branch-side', 'data-testid': testid }, h('p', { class: 'branch-word' }, words), node);
  return {
    node: h(
      'div',
      { class: 'stack' },
      asked.node,
      side('If so', yes.node, 'then'),
      side('If not', no.node, 'otherwise'),
    ),
    read: () => ({ when: asked.read(), then: yes.read(), otherwise: no.read() }),
    targets: (at) => [...asked.targets(`${at}/when`), ...yes.targets(`${at}/then`), ...no.targets(`${at}/otherwise`)],
    messages: () => [...yes.messages(), ...no.messages()],
    ids: () => [...yes.ids(), ...no.ids()],
  };
}

/** @param {Surroundings} around @param {Step} step @returns {Body} */
function message(around, step) {
  const part = messagePart({ words: step, world: around.world, testid: 'step', onActive: around.onActive });
  const others = languagesPart(step.texts ?? {});
  return {
    node: h('div', { class: 'stack' }, part.node, others.node),
    read: () => ({ ...part.read(), push: step.push ?? null, texts: others.read() }),
    targets: (at) => [...part.targets(at), ...others.targets(`${at}/texts`)],
    messages: () => [part],
  };
}
