/** The report: the answer in words first, then each number with its interval, the funnel, the days, the money. */
import { h } from '../../ui/dom.js';
import { money, number } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';
import { funnel, intervalPlot, overTime } from './charts.js';
import { amountText, dayText, differenceText, OUTCOMES, percentText, VERDICTS } from './words.js';

/** @import {Proof, ProofFinding} from '../../types' */

/** @param {Proof} proof */
export function report(proof) {
  const decisive = proof.findings.find((f) => f.outcome === proof.plan.decides);
  const time = decisive && overTime(decisive, proof.currency);
  return [
    answer(proof),
    proof.missing.length > 0 && missing(proof),
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'With the message and without'),
      h(
        'div',
        { class: 'proof-findings' },
        proof.findings.map((f) => finding(f, proof.currency)),
        roi(proof),
      ),
    ),
    proof.variants.length > 0 && variants(proof),
    time && h('section', { class: 'card' }, h('h2', null, `${decisive?.label}: how the answer grew`), time),
    h(
      'div',
      { class: 'two-columns' },
      h('section', { class: 'card' }, h('h2', null, 'From sent to bought'), funnel(proof.steps)),
      costs(proof),
    ),
    how(proof),
  ];
}

/** @param {Proof} proof */
function answer(proof) {
  const [words, tone] = VERDICTS[proof.verdict];
  return h(
    'section',
    { class: `card proof-answer proof-${tone}`, 'data-testid': 'answer' },
    h('p', null, pill(words, tone)),
    h('h2', { class: 'proof-headline', 'data-testid': 'headline' }, proof.headline),
    proof.sentences.map((text) => h('p', { class: 'proof-sentence' }, text)),
    proof.amber &&
      h(
        'p',
        { class: 'notice', 'data-testid': 'amber' },
        'Amber: the messages pay more than before, and more of their audience leaves than before.',
      ),
  );
}

/** @param {Proof} proof */
function missing({ missing: items }) {
  return h(
    'section',
    { class: 'card', 'data-testid': 'missing' },
    h('h2', null, 'Not computable yet'),
    h(
      'ul',
      { class: 'plain-list' },
      items.map(({ text, link }) => h('li', null, text, ' ', h('a', { href: link }, 'Mend it'))),
    ),
  );
}

/** @param {ProofFinding} found @param {string | null} currency */
function finding(found, currency) {
  const { label, outcome, value, low, high, hidden } = found;
  const text =
    value === null || low === null || high === null
      ? hidden
        ? 'Too few people to say.'
        : 'Nothing to tell yet.'
      : `${differenceText(outcome, value, currency)} (between ${differenceText(outcome, low, currency)} and ${differenceText(outcome, high, currency)})`;
  return h(
    'div',
    { class: 'proof-finding', 'data-testid': `finding-${outcome}` },
    h('h3', null, label),
    value !== null &&
      h(
        'p',
        { class: 'proof-means' },
        `${amountText(outcome, found.mean_sent, currency)} with, ${amountText(outcome, found.mean_held, currency)} without`,
      ),
    intervalPlot(found, currency),
    h('p', { class: 'quiet' }, text),
    planted(found.planted === null ? null : differenceText(outcome, found.planted, currency)),
    needed(found),
  );
}

/** What a demo's planner has put in, beside what is found. @param {string | null} text */
function planted(text) {
  return text && h('p', { class: 'planted-text' }, `Planted: ${text}`);
}

/** @param {ProofFinding} found */
function needed({ verdict, more_days: more, needed: people }) {
  if (!more || (verdict !== 'not_enough' && verdict !== 'too_early')) return null;
  const size = people === null ? '' : ` (${number(people)} people in all)`;
  return h(
    'p',
    { class: 'quiet' },
    `To find the effect that you plan for takes about ${number(more)} more days${size}.`,
  );
}

/** @param {Proof} proof */
function roi({ roi: found, currency, missing: items }) {
  const lacks = items.filter((m) => m.numbers.includes('roi'));
  return h(
    'div',
    { class: 'proof-finding', 'data-testid': 'finding-roi' },
    h('h3', null, 'Return on what it cost (ROI)'),
    found
      ? [
          h('p', { class: 'proof-means' }, percentText(found.value)),
          h(
            'p',
            { class: 'quiet' },
            found.low === null
              ? 'How sure that is cannot be said yet.'
              : `Between ${percentText(found.low)} and ${percentText(found.high)}. `,
            `${money(Math.round(found.gain_minor), currency)} margin gained a person, for ${money(Math.round(found.cost_minor), currency)}.`,
          ),
          planted(found.planted === null ? null : percentText(found.planted)),
        ]
      : h(
          'p',
          { class: 'quiet' },
          lacks.length > 0
            ? [
                'Not computable: ',
                lacks.map((m) => h('span', null, m.text, ' ', h('a', { href: m.link }, 'Mend it'), ' ')),
              ]
            : 'Too few people to say.',
        ),
  );
}

/** @param {Proof} proof */
function variants({ variants: items, currency }) {
  return h(
    'section',
    { class: 'card', 'data-testid': 'variants' },
    h('h2', null, 'Texts beside each other'),
    h(
      'div',
      { class: 'proof-findings' },
      items.map(({ name, finding: f, is_best: best }) =>
        h(
          'div',
          { class: 'proof-finding' },
          h('h3', null, name, ' ', best && pill('best', 'ok')),
          intervalPlot(f, currency),
          h(
            'p',
            { class: 'quiet' },
            f.value === null ? 'Too few people to say.' : differenceText(f.outcome, f.value, currency),
          ),
        ),
      ),
    ),
    h('p', { class: 'quiet' }, 'A text is called best at the planned end, if it beats every other one beyond doubt.'),
  );
}

/** @param {Proof} proof */
function costs({ message_costs: sent, incentive_costs: paid, currency, credit, messages }) {
  /** @type {[string, string][]} */
  const rows = [
    ['Messages sent', number(messages)],
    ...Object.entries(sent ?? {}).map(
      ([channel, minor]) =>
        /** @type {[string, string]} */ ([`Messages by ${channel}`, money(Math.round(minor), currency)]),
    ),
    ...Object.entries(paid ?? {}).map(
      ([payer, minor]) =>
        /** @type {[string, string]} */ ([
          `Discounts paid by the ${payer === 'store' ? 'stores' : 'company'}`,
          money(Math.round(minor), currency),
        ]),
    ),
  ];
  return h(
    'section',
    { class: 'card', 'data-testid': 'costs' },
    h('h2', null, 'What it cost'),
    h(
      'dl',
      { class: 'facts' },
      rows.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
    ),
    h('h3', null, 'What followed a message'),
    h(
      'p',
      null,
      credit
        ? `${number(credit.orders)} orders, ${money(credit.money_minor, currency)}, within ${credit.window_days} days of the last opened message.`
        : 'Too few people to say.',
      credit?.roas ? ` That is ${credit.roas.toFixed(1)} times what it cost (ROAS).` : '',
    ),
    h(
      'p',
      { class: 'quiet' },
      'This is no proof: many of them would have bought anyway. The return above is the proof.',
    ),
  );
}

/** @param {Proof} proof */
function how(proof) {
  const { plan, control } = proof;
  const decides = OUTCOMES.find(([key]) => key === plan.decides)?.[1];
  return h(
    'section',
    { class: 'card proof-how' },
    h('h2', null, 'How this is measured'),
    h(
      'p',
      null,
      `People are held back by lot and not told. Everybody is watched for ${plan.window_days} days from the decision, and what they buy then counts, less what they bring back. The answer is by ${decides}.`,
    ),
    h(
      'p',
      null,
      proof.ends_on ? `The planned end is ${dayText(proof.ends_on)}. ` : '',
      'You may look every day: before the planned end only an overwhelming difference is called one, so that looking often finds no more than chance allows, 5 of 100 in all.',
    ),
    control === 'tenant_holdout' &&
      h(
        'p',
        null,
        'Those held back get no campaign at all. If others run at the same time for the same people, this is what they do together; a holdout of this campaign alone tells them apart.',
      ),
    Boolean(proof.crossed) &&
      h('p', null, `${number(proof.crossed)} people turned out to be two, one on each side; the older one counts.`),
    Boolean(proof.anonymous) &&
      h('p', null, `${number(proof.anonymous)} phones of unknown people are left out: nobody knows what they buy.`),
    Object.keys(proof.other_currencies).length > 0 &&
      h(
        'p',
        null,
        `Orders in ${Object.keys(proof.other_currencies).join(', ')} are left out: currencies are never added.`,
      ),
  );
}
