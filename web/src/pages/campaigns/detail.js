/** One campaign: its rules in words, the push, its numbers, and what can be done with it. */
import { ApiError, call, post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { moreMenu } from './list.js';
import { simulation } from './simulation.js';
import {
  pushPreview,
  reachText,
  reasonBars,
  rulesText,
  sender,
  statusPill,
  tagLinks,
  triggerText,
  warningList,
} from './words.js';

/** @import {Campaign, CampaignReport, Context} from '../../types' */
/** @import {Names} from './words.js' */

const RUNNING = new Set(['active', 'scheduled']);

/** @param {{context: Context, names: Names, campaign: Campaign, report: CampaignReport}} options */
export function detail({ context, names, campaign, report }) {
  const { review } = campaign;
  return h(
    'article',
    { 'data-testid': 'campaign' },
    h('a', { class: 'back-link', href: '/campaigns' }, icon('back', 16), 'Campaigns'),
    h(
      'header',
      { class: 'page-head' },
      h(
        'div',
        { class: 'title-line' },
        sender(campaign, names).mark,
        h('h1', null, campaign.name),
        statusPill(campaign),
      ),
      h('div', { class: 'page-tools' }, actions(context, campaign)),
    ),
    tagLinks(campaign),
    warningList(campaign.warnings),
    review?.reason && h('p', { class: 'notice' }, `Review: ${review.reason}`),
    h(
      'div',
      { class: 'two-columns' },
      h(
        'section',
        { class: 'card' },
        h('h2', null, 'Who gets it, and when'),
        h('p', { class: 'lead' }, triggerText(campaign, names)),
        h(
          'ul',
          { class: 'plain-list' },
          rulesText(campaign, names).map((text) => h('li', null, text)),
        ),
        reach(campaign),
      ),
      h(
        'section',
        { class: 'card' },
        h('h2', null, campaign.steps.length ? 'The first message' : 'The message'),
        pushPreview(campaign, names),
        campaign.fallback_name &&
          h('p', { class: 'quiet' }, `For people whose first name is unknown: “${campaign.fallback_name}”`),
      ),
    ),
    campaign.steps.length > 0 && journey(campaign),
    simulation(campaign),
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'So far'),
      numbers(report),
      h('p', null, h('a', { href: `/proof?id=${campaign.id}`, 'data-testid': 'to-proof' }, 'What it brought')),
      held(report, campaign),
    ),
  );
}

/** Whom it could reach now, and what would keep it from the others. @param {Campaign} campaign */
function reach(campaign) {
  const blocked = Object.entries(campaign.estimate?.blocked_by ?? {}).filter(([, count]) => count > 0);
  return h(
    'div',
    { class: 'stack', 'data-testid': 'estimate' },
    h('p', null, reachText(campaign)),
    blocked.length > 0 && reasonBars(blocked),
  );
}

/** The server begins what lies inside a branch with a dot for each level. @param {string} text */
function line(text) {
  const [dots] = /^(?:· )*/.exec(text) ?? [''];
  return h('li', { class: 'breaks', style: { 'margin-left': `${dots.length * 12}px` } }, text.slice(dots.length));
}

/** What somebody goes through, in the server's words. @param {Campaign} campaign */
const journey = ({ says }) =>
  h(
    'section',
    { class: 'card', 'data-testid': 'journey' },
    h('h2', null, 'The steps'),
    h('ol', { class: 'plain-list' }, says.map(line)),
  );

/** @param {CampaignReport} report */
function numbers({ sent, received, opened, failed, people }) {
  const shown = /** @type {[string, number | null][]} */ ([
    ['sent', sent],
    ['received', received],
    ['opened', opened],
    ['failed', failed],
    ['people', people],
  ]);
  return h(
    'dl',
    { class: 'numbers', 'data-testid': 'report' },
    shown.map(([label, value]) => h('div', null, h('dt', null, label), h('dd', null, number(value)))),
  );
}

/** @param {CampaignReport} report @param {Campaign} campaign */
function held({ skipped }, campaign) {
  const reasons = Object.entries(skipped).filter(([, count]) => count > 0);
  return h(
    'div',
    { class: 'stack' },
    h('h3', null, 'Held back'),
    reasons.length === 0 && h('p', { class: 'quiet' }, 'Nothing was held back.'),
    reasonBars(reasons),
    h('a', { href: `/messages?campaign_id=${campaign.id}` }, 'See every message'),
  );
}

/** @param {Context} context @param {Campaign} campaign */
function actions(context, campaign) {
  if (!may(context.me, 'edit')) return null;
  /** @param {string} verb */
  async function act(verb) {
    try {
      const next = await post(`/v1/campaigns/${campaign.id}/${verb}`);
      const said =
        verb === 'pause'
          ? 'Paused. Nothing more is sent.'
          : next.status === 'in_review'
            ? 'Sent to review.'
            : 'It is on.';
      context.toast(`“${campaign.name}”: ${said}`);
      context.refreshReviewCount();
      context.navigate(`/campaigns?id=${campaign.id}`);
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }
  async function remove() {
    const answer = await ask({
      title: `Delete “${campaign.name}”?`,
      body: h('p', null, 'It sends nothing more. What it has sent stays in the list of messages.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Delete', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('DELETE', `/v1/campaigns/${campaign.id}`, { etag: `"v${campaign.version}"` });
      context.navigate('/campaigns');
    } catch (error) {
      context.toast(
        error instanceof ApiError && error.status === 412
          ? 'Somebody changed it meanwhile. Reload the page first.'
          : explain(error),
        { tone: 'bad' },
      );
    }
  }
  const on = RUNNING.has(campaign.status);
  return [
    h(
      'button',
      { type: 'button', class: 'button button-quiet', 'data-testid': 'delete-campaign', on: { click: remove } },
      'Delete',
    ),
    moreMenu(context, campaign, () => context.navigate(`/campaigns?id=${campaign.id}`)),
    h('a', { class: 'button', href: `/campaigns?id=${campaign.id}&edit=1`, 'data-testid': 'edit-campaign' }, 'Edit'),
    on &&
      h(
        'button',
        { type: 'button', class: 'button', 'data-testid': 'pause', on: { click: () => act('pause') } },
        'Pause',
      ),
    !on &&
      !campaign.archived_at &&
      campaign.status !== 'in_review' &&
      campaign.status !== 'finished' &&
      h(
        'button',
        {
          type: 'button',
          class: 'button button-primary',
          'data-testid': 'activate',
          on: { click: () => act('activate') },
        },
        'Activate',
      ),
    campaign.status === 'in_review' && h('a', { class: 'button button-primary', href: '/review' }, 'Review'),
  ];
}
