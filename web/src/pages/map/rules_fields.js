/** The fields of a zone's rules: when somebody counts as inside, stays, and leaves. An empty field follows the default. */
import { h } from '../../ui/dom.js';
import { checkField, numberIn, textField } from '../../ui/fields.js';

/** @import {ZoneRules} from '../../types' */

/** @param {string} label @param {string} testid @param {number | null | undefined} value @param {string} usual @param {string} [hint] @param {import('../../ui/dom.js').Attrs} [more] */
const numberField = (label, testid, value, usual, hint, more) =>
  textField(label, { type: 'number', min: 0, value: value ?? '', placeholder: usual, ...more }, { testid, hint });

/** @param {ZoneRules} rules @param {boolean} isOutdoor */
export function rulesFields(rules, isOutdoor) {
  const enter = numberField('Enter after (s)', 'zone-enter', rules.enter_s, isOutdoor ? '30' : '10', undefined, {
    max: 600,
  });
  const exit = numberField('Leave after (s)', 'zone-exit', rules.exit_s, '15', undefined, { max: 3600 });
  const tolerance = numberField(
    'Leave beyond (m)',
    'zone-tolerance',
    rules.exit_tolerance_m,
    '3',
    'So far outside the edge one still counts as inside.',
    { max: 500, step: 'any' },
  );
  const timeout = numberField(
    'Silence ends a visit (s)',
    'zone-timeout',
    rules.timeout_s,
    '300',
    'No position for this long: the visit is over.',
    { min: 30, max: 86_400 },
  );
  const dwell = textField(
    'Dwell marks (seconds)',
    { value: (rules.dwell_s ?? []).join(', '), placeholder: '60, 600', inputmode: 'text' },
    { testid: 'zone-dwell', hint: 'When someone has stayed this long. Several with commas.' },
  );
  const silence = numberField(
    'Newest position for a dwell mark (s)',
    'zone-silence',
    rules.dwell_silence_s,
    '120',
    'A mark counts only if the last position inside is not older.',
    { max: 86_400 },
  );
  const sure = numberField(
    'Confidence needed',
    'zone-confidence',
    rules.min_confidence,
    '0.5',
    '0.05 to 1: how sure a position must be before it counts.',
    { min: 0.05, max: 1, step: 0.05 },
  );
  const single = checkField('One position is enough to enter', rules.single_fix ?? false, {
    testid: 'zone-single',
    hint: 'For phones that report seldom. Less certain.',
  });
  const crossing = checkField('Count those who only walked through', rules.crossing ?? false, {
    testid: 'zone-crossing',
    hint: 'Between two positions on either side of the zone.',
  });

  /** A box that was never touched stays unsaid, so that it follows the default. @param {HTMLInputElement} box @param {boolean | null | undefined} was */
  const ticked = (box, was) => (box.checked || typeof was === 'boolean' ? box.checked : null);

  return {
    nodes: [
      h('div', { class: 'field-pair' }, enter.node, exit.node),
      h('div', { class: 'field-pair' }, tolerance.node, timeout.node),
      dwell.node,
      silence.node,
      sure.node,
      single.node,
      crossing.node,
    ],
    targets: {
      enter_s: enter,
      exit_s: exit,
      exit_tolerance_m: tolerance,
      timeout_s: timeout,
      dwell_s: dwell,
      dwell_silence_s: silence,
      min_confidence: sure,
    },
    /** @returns {ZoneRules} */
    read: () => ({
      ...rules,
      enter_s: numberIn(enter.input),
      exit_s: numberIn(exit.input),
      exit_tolerance_m: numberIn(tolerance.input),
      timeout_s: numberIn(timeout.input),
      dwell_silence_s: numberIn(silence.input),
      min_confidence: numberIn(sure.input),
      single_fix: ticked(single.box, rules.single_fix),
      crossing: ticked(crossing.box, rules.crossing),
      dwell_s: dwell.input.value
        .split(',')
        .map((word) => word.trim())
        .filter(Boolean)
        .map(Number),
    }),
  };
}

/** @param {ZoneRules} rules */
export const hasRules = (rules) =>
  Object.values(rules).some((value) => (Array.isArray(value) ? value.length : value !== null && value !== undefined));
