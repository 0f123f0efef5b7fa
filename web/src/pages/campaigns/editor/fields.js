/** Small things that several parts of the campaign's form are made of. */
import { h } from '../../../ui/dom.js';
import { field } from '../../../ui/fields.js';
import { icon } from '../../../ui/icons.js';

/** A number stays a number, true and false stay what they are. @param {string} text */
export function typed(text) {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** @param {string} label @param {string} value @param {string} testid @param {string} [hint] */
export const timeField = (label, value, testid, hint) =>
  field(label, h('input', { type: 'time', value }), { testid, hint });

/** @param {string} label @param {string} value @param {string} testid */
export const dateField = (label, value, testid) => field(label, h('input', { type: 'date', value }), { testid });

/** @param {string} label @param {number | string} value @param {{testid: string, min?: number, max?: number, step?: number, hint?: string}} options */
export const numberField = (label, value, { testid, hint, ...range }) =>
  field(label, h('input', { type: 'number', inputmode: 'numeric', value, ...range }), { testid, hint });

/** A choice among things with names, `empty` first. @param {string} empty @param {[string, string][]} things @param {string | null | undefined} kept one that may be none of them (any more) @returns {[string, string][]} */
export const choices = (empty, things, kept) => [
  ['', empty],
  ...things,
  ...(kept && !things.some(([id]) => id === kept)
    ? [/** @type {[string, string]} */ ([kept, 'one that is gone'])]
    : []),
];

/** @param {string} words @param {() => void} click @param {string} testid */
export const addButton = (words, click, testid) =>
  h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': testid, on: { click } },
    icon('plus', 16),
    words,
  );

/** Whose clock a local time is read on. @type {[string, string][]} */
export const CLOCKS = [
  ['store', 'on the clock of the shop'],
  ['person', 'on each person’s own clock'],
];

/** A folded part; it opens when something inside is complained about. @param {string} summary @param {boolean} open @param {Node[]} parts @param {string} [testid] */
export const fold = (summary, open, parts, testid) =>
  h(
    'details',
    { class: 'section', open, 'data-testid': testid },
    h('summary', null, summary),
    h('div', { class: 'stack' }, parts),
  );
