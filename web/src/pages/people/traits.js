/** What is known about a person: each trait with who said it and when, and what others said before. */
import { h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { pill } from '../../ui/widgets.js';
import { traitName, traitValue } from './words.js';

/** @import {Statement} from '../../types' */
/** @import {Person} from './person.js' */

/** @param {Person} person */
export function traitsCard({ profile }) {
  /** @type {Map<string, Statement[]>} */
  const byName = new Map();
  for (const said of profile.traits) byName.set(said.name, [...(byName.get(said.name) ?? []), said]);
  // a store is told what holds, and not who said it
  const plain = Object.entries(profile.attributes).filter(([name]) => !byName.has(name));
  const known = [...byName].filter(([, said]) => said.length > 1 || said[0].value !== null);
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'traits-title', 'data-testid': 'traits' },
    h('h2', { id: 'traits-title' }, 'What is known'),
    known.length + plain.length
      ? h(
          'dl',
          { class: 'traits' },
          known.map(([name, said]) => trait(name, said)),
          plain.map(([name, value]) => [
            h('dt', null, traitName(name)),
            h('dd', { class: 'breaks' }, traitValue(value)),
          ]),
        )
      : h('p', { class: 'quiet' }, 'Nothing was said about them yet.'),
  );
}

/** @param {string} name @param {Statement[]} said what is in force first */
function trait(name, [now, ...before]) {
  return [
    h('dt', null, traitName(name)),
    h(
      'dd',
      { 'data-testid': 'trait' },
      h(
        'p',
        { class: 'row-title' },
        h('span', { class: 'breaks' }, traitValue(now.value)),
        now.claimed && pill('claimed, not proven', 'warn'),
      ),
      h('p', { class: 'quiet breaks' }, from(now)),
      before.length > 0 &&
        h(
          'details',
          { class: 'earlier-tries' },
          h('summary', null, before.length === 1 ? 'Something else was said' : `${before.length} others were said`),
          h(
            'ul',
            null,
            before.map((one) => h('li', { class: 'breaks' }, `${traitValue(one.value)}: ${from(one)}`)),
          ),
        ),
    ),
  ];
}

/** @param {Statement} said */
const from = ({ source, claimed, at }) =>
  `${source === 'computed' ? 'worked out here' : `said by ${source}`}${claimed ? ' without proof' : ''}, ${moment(at)}`;
