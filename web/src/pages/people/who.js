/** Who it is, at a glance: the name, the ids that people say, since when, whose customer. */
import { h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { pill } from '../../ui/widgets.js';
import { idKind, personName } from './words.js';

/** @import {Person} from './person.js' */

const SAID = ['external_id', 'loyalty_card', 'email', 'phone'];

/** @param {Person} person */
export function whoCard({ profile }) {
  const known = profile.ids.filter((one) => SAID.includes(one.kind));
  return h(
    'header',
    { class: 'card who', 'data-testid': 'who' },
    h(
      'div',
      { class: 'title-line' },
      h('span', { class: 'person-face', 'aria-hidden': 'true' }, icon('user', 24)),
      h('h1', { class: 'breaks', tabindex: '-1' }, personName(profile) ?? 'No name yet'),
      profile.suppressed_at && pill('unsubscribed from pushes', 'bad'),
    ),
    h(
      'ul',
      { class: 'person-facts' },
      known.map((one) => h('li', null, `${idKind(one.kind)} `, h('strong', { class: 'breaks' }, one.value))),
      profile.language && h('li', null, 'reads ', h('strong', null, languageName(profile.language))),
      h('li', null, `known since ${moment(profile.created_at)}`),
    ),
  );
}

/** @param {string} tag */
function languageName(tag) {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag; // no language tag at all
  }
}
