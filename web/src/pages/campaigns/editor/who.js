/** Whom a campaign addresses, how often, by which ways, and who goes first. */
import { h } from '../../../ui/dom.js';
import { checkField, numberIn, selectField } from '../../../ui/fields.js';
import { CHANNELS } from '../words.js';
import { choices, fold, numberField } from './fields.js';
import { orderedList } from './ordered.js';
import { attributeTest } from './questions.js';

/** @import {Campaign, Target, World} from '../../../types' */

const HOUR = 3600;

/** @param {Campaign | null} campaign @param {World} world */
export function whoPart(campaign, world) {
  const audience = campaign?.audience ?? { kind: 'all' };
  const who = selectField(
    'Audience',
    [
      ['all', 'Everybody who allows it'],
      ['attribute', 'Only people with an attribute'],
      ['segment', 'Only people in a segment'],
    ],
    audience.kind,
    { testid: 'audience-kind' },
  );
  const attribute = attributeTest(audience, 'audience');
  const among = selectField(
    'In the segment',
    choices(world.segments.length ? 'Choose one' : 'There is no segment yet', world.segments, audience.segment_id),
    audience.segment_id ?? '',
    { testid: 'audience-segment' },
  );
  const count = numberField('Messages for each person', campaign?.cap?.count ?? 1, {
    testid: 'cap-count',
    min: 0,
    max: 100,
  });
  const perDays = numberField('Within (days)', campaign?.cap?.per_days ?? 1, { testid: 'cap-days', min: 1, max: 30 });
  const cooldown = numberField('Not again within (hours)', (campaign?.cooldown_s ?? 4 * HOUR) / HOUR, {
    testid: 'cooldown',
    min: 0,
    step: 0.25,
  });
  const priority = numberField('Priority', campaign?.priority ?? 5, {
    testid: 'priority',
    min: 1,
    max: 9,
    hint: 'When messages to one person meet, 1 goes before 9.',
  });
  const never = checkField(
    'Rather none than two: never try again what may have arrived',
    campaign?.never_repeat ?? false,
    {
      testid: 'never-repeat',
    },
  );
  const strict = checkField('Rather none than one with a blank in its text', campaign?.strict ?? false, {
    testid: 'strict',
  });
  const winBack = checkField(
    'It wins people back: of all such campaigns, a person gets one in six months',
    campaign?.win_back ?? false,
    { testid: 'win-back' },
  );
  const more = fold(
    'Priority and repeats',
    Boolean(campaign && (campaign.priority !== 5 || campaign.never_repeat || campaign.strict || campaign.win_back)),
    [priority.node, never.node, strict.node, winBack.node],
    'more-rules',
  );
  /** @param {boolean} canWinBack marketing with steps */
  function show(canWinBack) {
    winBack.node.hidden = !canWinBack;
    attribute.node.hidden = who.input.value !== 'attribute';
    among.node.hidden = who.input.value !== 'segment';
    attribute.show();
  }
  return {
    node: h(
      'section',
      { class: 'card' },
      h('h2', null, 'Who gets it'),
      who.node,
      attribute.node,
      among.node,
      h('div', { class: 'field-trio' }, count.node, perDays.node, cooldown.node),
      more,
    ),
    show,
    read: () => ({
      audience:
        who.input.value === 'segment'
          ? { kind: 'segment', segment_id: among.input.value || null }
          : who.input.value === 'attribute'
            ? attribute.read()
            : { kind: 'all' },
      cap: { count: numberIn(count.input), per_days: numberIn(perDays.input) },
      cooldown_s: Math.round((numberIn(cooldown.input) ?? 0) * HOUR),
      priority: numberIn(priority.input),
      never_repeat: never.box.checked,
      strict: strict.box.checked,
      win_back: !winBack.node.hidden && winBack.box.checked,
    }),
    /** @returns {Target[]} */
    targets: () => [
      ['/audience', who],
      ['/audience/segment_id', among],
      ...attribute.targets('/audience'),
      ['/cap', count],
      ['/cap/per_days', perDays],
      ['/cooldown_s', cooldown],
      ['/priority', { setError: (text) => (priority.setError(text), text && (more.open = true)) }],
    ],
  };
}

/** The ways a message may take, in the order to try them. @param {Campaign | null} campaign */
export function channelsPart(campaign) {
  const chosen = campaign?.channels ?? ['push'];
  const known = Object.keys(CHANNELS);
  const order = [...chosen, ...known.filter((name) => !chosen.includes(name))];
  const list = orderedList({
    label: 'Channels in their order',
    testid: 'channels',
    items: order.map((name) => {
      const box = h('input', { type: 'checkbox', checked: chosen.includes(name), 'data-testid': `channel-${name}` });
      const words = CHANNELS[name] ?? name;
      return {
        name,
        box,
        fixed: true,
        title: () => words,
        node: h('label', { class: 'check' }, box, h('span', null, words)),
      };
    }),
    onChange: () => {},
  });
  const error = h('p', { class: 'field-error', role: 'alert' });
  const only = h('p', { class: 'quiet' }, 'As a push. A journey of steps may take other ways too.');
  const ways = h(
    'div',
    { class: 'stack' },
    list.node,
    h(
      'p',
      { class: 'quiet' },
      'One way is used, never two. A person’s own order goes first, then yours for everybody, then this.',
    ),
  );
  let pushOnly = false;
  return {
    node: h(
      'div',
      { class: 'stack', 'data-testid': 'channels-part' },
      h('h3', null, 'By which way'),
      ways,
      only,
      error,
    ),
    /** @param {boolean} isPushOnly */
    show(isPushOnly) {
      pushOnly = isPushOnly;
      ways.hidden = isPushOnly;
      only.hidden = !isPushOnly;
    },
    /** @returns {string[]} */
    ways: () => (pushOnly ? ['push'] : list.items.filter(({ box }) => box.checked).map(({ name }) => name)),
    /** @type {Target[]} */
    targets: [['/channels', { setError: (text) => void (error.textContent = text ?? '') }]],
  };
}
