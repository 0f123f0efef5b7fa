/** Proof: what one campaign brought (`?id=`), or all of a quarter together, revenue after messages and prices. */
import { call, get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { months, prices } from './months.js';
import { report } from './report.js';
import { simulation } from './simulated.js';
import { OUTCOMES } from './words.js';

/** @import {Context, Experiment, Proof} from '../../types' */

/** @type {import('../../types').Page} */
export function proofPage(root, context, query) {
  const abort = new AbortController();
  const place = h('div', { class: 'page proof' });
  fill(root, place);
  const id = query.get('id');
  void (id ? ofCampaign(place, context, id, abort.signal) : ofAll(place, context, query, abort.signal));
  return () => abort.abort();
}

/** @param {string} title @param {string} path @param {HTMLElement | null} back */
function head(title, path, back) {
  return [
    back,
    h(
      'header',
      { class: 'page-head' },
      h('h1', null, title),
      h(
        'div',
        { class: 'page-tools no-print' },
        h(
          'button',
          { type: 'button', class: 'button', 'data-testid': 'print', on: { click: () => window.print() } },
          'Print',
        ),
        h(
          'a',
          { class: 'button', href: `${path}${queryString({ format: 'csv' })}`, download: '', 'data-testid': 'csv' },
          icon('download', 18),
          'CSV',
        ),
      ),
    ),
  ];
}

/** @param {HTMLElement} place @param {Context} context @param {string} id @param {AbortSignal} signal */
function ofCampaign(place, context, id, signal) {
  const path = `/v1/campaigns/${id}/proof`;
  return whileLoading(
    place,
    async () => {
      const [campaign, proof, plan] = await Promise.all([
        get(`/v1/campaigns/${id}`, {}, signal),
        get(path, {}, signal),
        get(`/v1/campaigns/${id}/experiment`, {}, signal),
      ]);
      return { campaign, proof, plan };
    },
    ({ campaign, proof, plan }) =>
      h(
        'article',
        { 'data-testid': 'proof' },
        head(
          `What “${campaign.name}” brought`,
          path,
          h('a', { class: 'back-link no-print', href: `/campaigns?id=${id}` }, icon('back', 16), campaign.name),
        ),
        report(/** @type {Proof} */ (proof)),
        may(context.me, 'edit') && planForm(context, id, /** @type {Experiment} */ (plan), Boolean(proof.first_on)),
      ),
  );
}

/** @param {HTMLElement} place @param {Context} context @param {URLSearchParams} query @param {AbortSignal} signal */
function ofAll(place, context, query, signal) {
  return whileLoading(
    place,
    async () => {
      const [proof, direct, costs] = await Promise.all([
        get('/v1/proof', {}, signal),
        get('/v1/direct-revenue', {}, signal),
        get('/v1/message-costs', {}, signal),
      ]);
      return { proof, direct, costs };
    },
    ({ proof, direct, costs }) => {
      const inputs = prices(context, costs.items, may(context.me, 'edit') && context.me.operator.role !== 'shop');
      if (query.has('inputs')) requestAnimationFrame(() => inputs.scrollIntoView());
      return h(
        'article',
        { 'data-testid': 'proof' },
        head('What your campaigns brought this quarter', '/v1/proof', null),
        report(/** @type {Proof} */ (proof)),
        context.me.tenant.is_demo && simulation(signal),
        months(direct),
        inputs,
      );
    },
  );
}

/** @param {Context} context @param {string} id @param {Experiment} plan @param {boolean} begun */
function planForm(context, id, plan, begun) {
  const held = textField(
    'Held back from this campaign alone, percent',
    { inputmode: 'numeric', value: String(plan.holdout_percent) },
    { testid: 'plan-holdout' },
  );
  const window_ = textField(
    'Days that people are watched',
    { inputmode: 'numeric', value: String(plan.window_days) },
    { testid: 'plan-window' },
  );
  const days = textField(
    'Days to the planned end',
    { inputmode: 'numeric', value: String(plan.days) },
    { testid: 'plan-days' },
  );
  const effect = textField(
    'Smallest effect to find, percent',
    { inputmode: 'decimal', value: String(100 * plan.smallest_effect) },
    { testid: 'plan-effect' },
  );
  const decides = selectField('The answer is by', OUTCOMES, plan.decides, { testid: 'plan-decides' });
  const error = h('p', { class: 'field-error', role: 'alert' });
  /** @param {SubmitEvent} event */
  async function save(event) {
    event.preventDefault();
    const body = {
      holdout_percent: Number(held.input.value),
      window_days: Number(window_.input.value),
      days: Number(days.input.value),
      smallest_effect: Number(effect.input.value.replace(',', '.')) / 100,
      decides: decides.input.value,
      variants: plan.variants,
    };
    try {
      await call('PUT', `/v1/campaigns/${id}/experiment`, { body, etag: `"v${plan.version}"` });
      context.toast('Planned.');
      context.navigate(`/proof?id=${id}`);
    } catch (problem) {
      fill(error, explain(problem));
    }
  }
  return h(
    'section',
    { class: 'card no-print' },
    h(
      'details',
      { 'data-testid': 'plan' },
      h('summary', null, 'Change how it is measured'),
      begun &&
        h(
          'p',
          { class: 'notice' },
          'It has begun: another plan begins anew from now, and what was found so far is not counted.',
        ),
      h(
        'form',
        { class: 'plan-form', novalidate: true, on: { submit: save } },
        decides.node,
        effect.node,
        window_.node,
        days.node,
        held.node,
        error,
        h('button', { type: 'submit', class: 'button button-primary', 'data-testid': 'plan-save' }, 'Save the plan'),
      ),
    ),
  );
}
