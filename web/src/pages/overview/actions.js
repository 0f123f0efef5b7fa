/** The two buttons of a sentence: who it is about, and the playbook that makes a segment and a draft campaign. */
import { get, newKey, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { drawer, explain, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';

/** @import {PlaybookMade, PlaybookWho} from '../../types' */
/** @import {Options} from './lines.js' */

/**
 * @param {{playbook: string, label: string}} button
 * @param {string | null} alertId
 * @param {Options} options
 */
export function actions({ playbook, label }, alertId, { context, signal }) {
  const once = newKey();
  const place = h('div', { class: 'overview-actions' });
  const play = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': `play-${playbook}`, on: { click: make } },
    label,
  );
  const see = h(
    'button',
    {
      type: 'button',
      class: 'button',
      'data-testid': `see-${playbook}`,
      on: { click: () => seeWho(playbook, alertId, signal) },
    },
    'See who',
  );

  async function make() {
    play.disabled = true;
    fill(play, 'Making drafts…');
    try {
      const made = await post(`/v1/playbooks/${playbook}`, alertId ? { alert_id: alertId } : {}, { once });
      fill(place, drafts(made));
      place.querySelector('a')?.focus();
      context.toast('The drafts are there. Nothing is sent before you activate them.');
    } catch (error) {
      play.disabled = false;
      fill(play, label);
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  fill(place, may(context.me, 'segments') && see, may(context.me, 'playbooks') && play);
  return place;
}

/** @param {PlaybookMade} made */
function drafts({ made, to_check: check }) {
  return h(
    'div',
    { class: 'overview-made', role: 'status', 'data-testid': 'made' },
    h('p', null, h('strong', null, made.length === 1 ? 'A draft is ready.' : `${made.length} drafts are ready.`)),
    h(
      'ul',
      null,
      made.map((each) =>
        h(
          'li',
          null,
          h('a', { href: `/campaigns?id=${each.campaign_id}`, 'data-testid': 'made-campaign' }, each.campaign_name),
          ' for ',
          h('a', { href: `/segments?id=${each.segment_id}` }, each.segment_name),
        ),
      ),
    ),
    check && h('p', { class: 'quiet' }, check),
  );
}

/** A text as somebody called Anna gets it. @param {string} text */
const asRead = (text) => text.replaceAll('{{ first_name }}', 'Anna');

/** @param {string} playbook @param {string | null} alertId @param {AbortSignal} signal */
function seeWho(playbook, alertId, signal) {
  const body = h('div', { class: 'stack' });
  drawer('Who it is about', body);
  whileLoading(
    body,
    async () => {
      /** @type {PlaybookWho} */
      const who = await get(`/v1/playbooks/${playbook}`, alertId ? { alert_id: alertId } : {}, signal);
      return { who, preview: await post('/v1/segments/preview', { definition: who.who }) };
    },
    ({ who, preview }) => [
      h(
        'p',
        { class: 'overview-count', 'data-testid': 'who-count' },
        preview.people === null ? `Not told: ${preview.hidden}` : number(preview.people),
        ' ',
        h('span', { class: 'quiet' }, preview.people === 1 ? 'person' : 'people'),
      ),
      h('p', null, preview.sentence),
      preview.sample.length > 0 && [
        h('h3', null, 'Some of them'),
        h(
          'ul',
          { class: 'cards' },
          preview.sample.map((/** @type {{profile_id: string, name: string | null}} */ person) =>
            h('li', null, h('a', { href: `/people/${person.profile_id}` }, person.name ?? 'without a name')),
          ),
        ),
      ],
      h('h3', null, 'What the button would say'),
      h(
        'ul',
        { class: 'cards' },
        who.tiers.map((tier) =>
          h(
            'li',
            { class: 'overview-tier' },
            h('p', { class: 'quiet' }, tier.name),
            h('strong', null, asRead(tier.title)),
            h('p', null, asRead(tier.body)),
          ),
        ),
      ),
      who.to_check && h('p', { class: 'quiet' }, who.to_check),
    ],
  );
}
