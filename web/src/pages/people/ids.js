/**
 * Ids and why: by which ids a person is known, what joined them, what was set aside; and an operator's word that two
 * people are one, or that one is two. All of it can be taken back.
 */
import { post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { moment, number } from '../../ui/format.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { comeApart, samePerson } from './merging.js';
import { asideText, idKind, idWords } from './words.js';

/** @import {Evidence, PersonId} from '../../types' */
/** @import {Person} from './person.js' */

const SHOWN = 12;

/** @param {Person} person */
export function idsCard(person) {
  const { profile } = person;
  const known = new Map([...profile.ids, ...profile.others].map((one) => [one.id, one]));
  const live = profile.evidence.filter((one) => !one.taken_back_at);
  const joins = live.filter((one) => one.says === 'same' && !one.set_aside);
  const aside = profile.evidence.filter((one) => !joins.includes(one));
  const [shown, hidden] = [profile.ids.slice(0, SHOWN), profile.ids.slice(SHOWN)];
  /** @param {PersonId} one */
  const row = (one) => idRow(one, joins, known, person);
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'ids-title', 'data-testid': 'ids' },
    h('h2', { id: 'ids-title' }, 'Ids and why'),
    h(
      'p',
      { class: 'quiet' },
      'A person is the ids that evidence joins. Saying otherwise here moves nothing and can be taken back at any time.',
    ),
    h('ul', { class: 'ids' }, shown.map(row)),
    hidden.length > 0 &&
      h(
        'details',
        { class: 'earlier-tries' },
        h('summary', null, `${number(hidden.length)} more ids`),
        h('ul', { class: 'ids' }, hidden.map(row)),
      ),
    aside.length > 0 && [
      h('h3', null, 'Set aside, or taken back'),
      h(
        'ul',
        { class: 'ids', 'data-testid': 'set-aside' },
        aside.map((one) => asideRow(one, known, person)),
      ),
    ],
    profile.merged.length > 0 &&
      h(
        'p',
        { class: 'quiet' },
        profile.merged.length === 1
          ? 'One other profile was merged into this one; its messages are shown here.'
          : `${profile.merged.length} other profiles were merged into this one; their messages are shown here.`,
      ),
    h(
      'div',
      { class: 'page-tools' },
      profile.ids.length > 1 && tool('This is two people…', 'come-apart', () => comeApart(person)),
      tool('The same person as…', 'same-person', () => samePerson(person)),
    ),
  );
}

/** @param {PersonId} one @param {Evidence[]} joins @param {Map<string, PersonId>} known @param {Person} person */
function idRow(one, joins, known, person) {
  const why = joins.filter((edge) => edge.first === one.id || edge.second === one.id);
  return h(
    'li',
    { 'data-testid': 'id-row' },
    h(
      'p',
      { class: 'row-title' },
      h('span', { class: 'quiet' }, idKind(one.kind)),
      h('strong', { class: 'breaks' }, one.value),
      !one.verified && pill('not proven', 'warn'),
      one.shared && pill('many have it: joins nobody', 'warn'),
    ),
    h('p', { class: 'quiet breaks' }, `from ${one.source}, ${moment(one.since)}`),
    why.length > 0 &&
      h(
        'ul',
        { class: 'why' },
        why.map((edge) => whyRow(edge, one, known, person)),
      ),
  );
}

/** @param {Evidence} edge @param {PersonId} one @param {Map<string, PersonId>} known @param {Person} person */
function whyRow(edge, one, known, person) {
  const other = known.get(edge.first === one.id ? edge.second : edge.first);
  const words = edge.by_operator
    ? `an operator joined it with ${idWords(other)}: “${edge.reason}”, ${moment(edge.at)}`
    : `came together with ${idWords(other)}, from ${edge.source}, ${moment(edge.at)}`;
  // the act is shown with both its ids; one way back is enough
  return h('li', { class: 'breaks' }, words, edge.act_id && edge.first === one.id && takeBack(edge, person));
}

/** @param {Evidence} edge @param {Map<string, PersonId>} known @param {Person} person */
function asideRow(edge, known, person) {
  const [first, second] = [known.get(edge.first), known.get(edge.second)];
  const stranger = [first, second].find((one) => one && one.profile_id !== person.profile.id);
  const verb = edge.says === 'same' ? 'came together with' : 'is somebody else than';
  const by = edge.by_operator ? `an operator said so: “${edge.reason}”` : `from ${edge.source}`;
  return h(
    'li',
    { 'data-testid': 'aside-row' },
    h('p', { class: 'breaks' }, `${idWords(first)} ${verb} ${idWords(second)}`),
    h(
      'p',
      { class: 'quiet breaks' },
      edge.set_aside && `${asideText(edge.set_aside)} `,
      `${by}, ${moment(edge.at)}`,
      edge.taken_back_at && `, taken back ${moment(edge.taken_back_at)}`,
      ' ',
      stranger && h('a', { href: `/people/${stranger.profile_id}` }, 'The other person'),
      edge.act_id && !edge.taken_back_at && takeBack(edge, person),
    ),
  );
}

/** @param {Evidence} edge @param {Person} person */
const takeBack = (edge, { id, context, guarded, reload }) =>
  h(
    'button',
    {
      type: 'button',
      class: 'link take-back',
      'data-testid': 'take-back',
      on: {
        async click() {
          const answer = await ask({
            title: 'Take it back?',
            testid: 'take-back-dialog',
            body: h(
              'p',
              null,
              `What was said with “${edge.reason}” holds no more. Everything is as the evidence says.`,
            ),
            actions: [
              { label: 'Leave it', value: '' },
              { label: 'Take it back', value: 'yes', tone: 'primary', testid: 'confirm' },
            ],
          });
          if (!answer) return;
          try {
            await guarded(() => post(`/v1/profiles/${id}/unmerge`, { act_id: edge.act_id, reason: 'Taken back' }));
            context.toast('It is taken back.');
            reload();
          } catch (failed) {
            if (!(failed instanceof DOMException)) context.toast(explain(failed), { tone: 'bad' });
          }
        },
      },
    },
    'Take it back',
  );

/** @param {string} words @param {string} testid @param {() => void} click */
const tool = (words, testid, click) =>
  h('button', { type: 'button', class: 'button', 'data-testid': testid, on: { click } }, words);
