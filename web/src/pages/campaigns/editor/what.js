/** What a campaign is: its name, shop, tags, and what it is for. */
import { h } from '../../../ui/dom.js';
import { checkField, selectField, textField } from '../../../ui/fields.js';

/** @import {Campaign, Target, World} from '../../../types' */

/** @type {[string, string][]} */
const PURPOSES = [
  ['marketing', 'Advertising'],
  ['service', 'Service'],
  ['transactional', 'What somebody waits for'],
];
/** @type {Record<string, string>} */
const MEANING = {
  marketing: 'It needs consent; limits, quiet hours and the comparison group apply.',
  service: 'From the mall itself, without offers; somebody approves it first.',
  transactional: 'Because they ordered: no limit and no hour holds it back, and it carries no offer.',
};

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
  const purpose = selectField('What for', PURPOSES, campaign?.purpose ?? 'marketing', {
    testid: 'campaign-purpose',
    hint: ' ',
  });
  const meaning = /** @type {HTMLElement} */ (purpose.node.querySelector('.field-hint'));
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
    show() {
      quiet.node.hidden = isMarketing();
      meaning.textContent = MEANING[purpose.input.value];
    },
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
