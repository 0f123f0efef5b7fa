/** What a campaign is: its name, shop, tags, and what it is for. */
import { h } from '../../../ui/dom.js';
import { checkField, selectField, textField } from '../../../ui/fields.js';

/** @import {Campaign, Target, World} from '../../../types' */

/** @type {[string, string][]} */
const PURPOSES = [
  ['marketing', 'Advertising: needs consent; caps, quiet hours and comparison group apply'],
  ['service', 'Service: from the mall itself, without offers, always approved first'],
  ['transactional', 'What somebody waits for because they ordered: nothing holds it back'],
];

/** @param {{campaign: Campaign | null, world: World, storeId: string | null}} options `storeId`: of a new one */
export function whatPart({ campaign, world, storeId }) {
  const name = textField(
    'Name',
    { value: campaign?.name ?? '', required: true, maxlength: 200 },
    { testid: 'campaign-name', hint: 'Only your team sees it.' },
  );
  const store = selectField('Shop', [['', 'The mall itself'], ...world.stores], campaign?.store_id ?? storeId ?? '', {
    testid: 'campaign-store',
  });
  const tags = textField(
    'Tags',
    { value: campaign?.tags.join(', ') ?? '', placeholder: 'summer, coffee' },
    { testid: 'campaign-tags', hint: 'Words to find it again, with commas between.' },
  );
  const purpose = selectField('What for', PURPOSES, campaign?.purpose ?? 'marketing', { testid: 'campaign-purpose' });
  const quiet = checkField('Also in quiet hours', campaign?.quiet_hours === 'ignore', { testid: 'ignore-quiet' });
  const isMarketing = () => purpose.input.value === 'marketing';
  return {
    node: h(
      'section',
      { class: 'card' },
      h('h2', null, 'What it is'),
      h('div', { class: 'field-pair' }, name.node, store.node),
      h('div', { class: 'field-pair' }, purpose.node, tags.node),
      quiet.node,
    ),
    isMarketing,
    purpose: () => purpose.input.value,
    storeId: () => store.input.value || null,
    name: () => name.input.value.trim(),
    show: () => void (quiet.node.hidden = isMarketing()),
    read: () => ({
      name: name.input.value.trim(),
      store_id: store.input.value || null,
      tags: tags.input.value
        .split(',')
        .map((tag) => tag.trim())
        .filter(Boolean),
      purpose: purpose.input.value,
      quiet_hours: !isMarketing() && quiet.box.checked ? 'ignore' : 'tenant',
    }),
    /** @returns {Target[]} */
    targets: () => [
      ['/name', name],
      ['/store_id', store],
      ['/tags', tags],
      ['/purpose', purpose],
      ['/quiet_hours', purpose],
    ],
  };
}
