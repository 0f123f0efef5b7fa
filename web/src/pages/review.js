/** The review queue: campaigns that wait for approval, with everything needed to decide on one card. */
import { ApiError, call, getAll } from '../api.js';
import { fill, h } from '../ui/dom.js';
import { areaField } from '../ui/fields.js';
import { ago } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { ask, empty, explain, whileLoading } from '../ui/widgets.js';
import { may } from '../ui/words.js';
import {
  estimateText,
  loadNames,
  pushPreview,
  rulesText,
  sender,
  triggerText,
  warningList,
} from './campaigns/words.js';

/** @import {Campaign} from '../types' */
/** @import {Names} from './campaigns/words.js' */

/** @type {import('../types').Page} */
export function reviewPage(root, context) {
  const abort = new AbortController();
  const body = h('div', null);
  fill(
    root,
    h(
      'div',
      { class: 'page page-narrow' },
      h('header', { class: 'page-head' }, h('h1', null, 'Waiting for approval')),
      body,
    ),
  );

  const load = () =>
    whileLoading(
      body,
      async () => {
        const [campaigns, names] = await Promise.all([
          getAll('/v1/campaigns', { status: 'in_review' }, abort.signal),
          loadNames(abort.signal),
        ]);
        return { campaigns: /** @type {Campaign[]} */ (campaigns), names };
      },
      ({ campaigns, names }) => {
        context.refreshReviewCount();
        return campaigns.length
          ? h(
              'ul',
              { class: 'review-list', 'data-testid': 'review-list' },
              campaigns.map((campaign) => item(campaign, names)),
            )
          : nothing();
      },
    );

  const nothing = () => empty('Nothing waits for you', 'When a shop asks for a campaign, it shows up here by itself.');

  /** @param {Campaign} campaign @param {Names} names */
  function item(campaign, names) {
    const { name, mark } = sender(campaign, names);
    const error = h('p', { class: 'field-error', role: 'alert' });
    const buttons = /** @type {HTMLButtonElement[]} */ ([]);
    const node = h('li', { class: 'card review-item', 'data-testid': 'review-item' });

    /** @param {'approve' | 'reject'} verb @param {unknown} [body_] */
    async function decide(verb, body_) {
      for (const button of buttons) button.disabled = true;
      fill(error);
      try {
        // what was read is what is approved: a change meanwhile is refused
        const etag = verb === 'approve' ? `"v${campaign.version}"` : null;
        await call('POST', `/v1/campaigns/${campaign.id}/${verb}`, { body: body_, etag });
        context.toast(
          verb === 'approve'
            ? `“${campaign.name}” is approved.`
            : `“${campaign.name}” was rejected; the shop sees your reason.`,
        );
        node.remove();
        context.refreshReviewCount();
        if (!body.querySelector('.review-item')) fill(body, nothing());
      } catch (problem) {
        const changed = problem instanceof ApiError && problem.status === 412;
        fill(error, changed ? 'It was changed meanwhile. Read it again: reload the page.' : explain(problem));
        for (const button of buttons) button.disabled = false;
      }
    }

    async function reject() {
      const why = areaField(
        'Reason',
        { rows: 3, maxlength: 500, required: true },
        { testid: 'reject-reason', hint: 'The shop reads it.' },
      );
      const answer = await ask({
        title: `Reject “${campaign.name}”?`,
        body: why.node,
        testid: 'reject-dialog',
        actions: [
          { label: 'Back', value: '' },
          { label: 'Reject', value: 'yes', tone: 'danger', testid: 'confirm' },
        ],
      });
      if (!answer) return;
      const reason = why.input.value.trim();
      if (reason) decide('reject', { reason });
      else fill(error, 'Give the shop a reason.');
    }

    const mayDecide = may(context.me, 'approve');
    buttons.push(
      h(
        'button',
        { type: 'button', class: 'button', 'data-testid': 'reject', disabled: !mayDecide, on: { click: reject } },
        'Reject',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'button button-primary',
          'data-testid': 'approve',
          disabled: !mayDecide,
          on: { click: () => decide('approve') },
        },
        icon('check', 18),
        'Approve',
      ),
    );
    fill(
      node,
      h(
        'header',
        { class: 'review-head' },
        mark,
        h(
          'div',
          null,
          h('h2', null, campaign.name),
          h(
            'p',
            { class: 'quiet' },
            `${name}${campaign.review?.submitted_at ? ` · asked ${ago(campaign.review.submitted_at)}` : ''}`,
          ),
        ),
        h('a', { href: `/campaigns?id=${campaign.id}` }, 'Details'),
      ),
      h(
        'div',
        { class: 'two-columns' },
        h(
          'div',
          null,
          h('p', { class: 'lead' }, triggerText(campaign, names)),
          h(
            'ul',
            { class: 'plain-list' },
            rulesText(campaign, names).map((text) => h('li', null, text)),
          ),
          h('p', { class: 'estimate', 'data-testid': 'estimate' }, estimateText(campaign)),
        ),
        pushPreview(campaign, names),
      ),
      warningList(campaign.warnings),
      error,
      h(
        'div',
        { class: 'foot-buttons' },
        !mayDecide && h('p', { class: 'quiet' }, 'Your role may not decide.'),
        buttons,
      ),
    );
    return node;
  }

  load();
  const stop = context.hub.on('alert', (alert) => alert.kind === 'campaign_in_review' && load());
  return () => {
    abort.abort();
    stop();
  };
}
