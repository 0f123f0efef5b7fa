/** One endpoint: how it does, what can be done with it, and its deliveries with their answers. */
import { call, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { ago, fromLocalField, moment, number, toLocalField } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { deliveryList } from './deliveries.js';
import { secretCard } from './secret.js';
import { answerWords, webhookState, webhookTrouble } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Webhook} from './words.js' */

const HOUR_MS = 3_600_000;
/** @type {[string, string][]} */
const OVERLAPS = [
  ['24', 'for 24 hours: the receiver can change over'],
  ['168', 'for a week'],
  ['0', 'no longer: it is known to somebody'],
];

/** @param {{context: Context, webhook: Webhook, stores: Store[], signal: AbortSignal, reload: () => void}} options */
export function webhookDetail({ context, webhook, stores, signal, reload }) {
  const path = `/v1/webhooks/${webhook.id}`;
  const { text, tone } = webhookState(webhook);
  const trouble = webhookTrouble(webhook);
  const isOff = webhook.status === 'disabled';
  const result = h('div', { class: 'webhook-news', role: 'status', 'data-testid': 'test-result' });
  const secret = h('div', { class: 'webhook-news' });
  const deliveries = deliveryList({ path, signal });

  const test = tool('Send a test', 'webhook-test', async () => {
    test.disabled = true;
    fill(test, 'Sending…');
    try {
      const answer = await post(`${path}/test`);
      fill(
        result,
        h(
          'p',
          { class: 'test-answer' },
          pill(answer.delivered ? 'received' : 'not received', answer.delivered ? 'ok' : 'bad'),
          h('span', { class: 'breaks' }, answerWords(answer)),
        ),
      );
    } catch (error) {
      fill(result, h('p', { class: 'form-error' }, explain(error)));
    }
    test.disabled = false;
    fill(test, 'Send a test');
  });

  /** @param {() => Promise<unknown>} work @param {string} said */
  async function change(work, said) {
    try {
      await work();
      context.toast(said);
      reload();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  async function remove() {
    const answer = await ask({
      title: `Delete ${webhook.name}?`,
      testid: 'webhook-delete-dialog',
      body: h('p', null, 'It hears nothing more, and the list of its deliveries goes with it.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Delete', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('DELETE', path);
      context.toast(`${webhook.name} is deleted.`);
      context.navigate('/webhooks');
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  async function replay() {
    const from = textField(
      'Everything since',
      { type: 'datetime-local', value: toLocalField(new Date(Date.now() - HOUR_MS).toISOString()) },
      { testid: 'replay-from', hint: `Time of ${context.me.tenant.timezone}. The ledger holds thirty days.` },
    );
    const answer = await ask({
      title: `Send again to ${webhook.name}?`,
      testid: 'replay-dialog',
      body: [
        h('p', null, 'Each event has the id that it had: a receiver that remembers ids takes nothing twice.'),
        from.node,
      ],
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Send again', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    const at = fromLocalField(from.input.value);
    if (answer && at) await change(() => post(`${path}/replay`, { from_time: at }), 'It is on its way again.');
  }

  async function rotate() {
    const overlap = selectField('The old one signs too', OVERLAPS, '24', { testid: 'rotate-overlap' });
    const answer = await ask({
      title: `A new secret for ${webhook.name}?`,
      testid: 'rotate-dialog',
      body: overlap.node,
      actions: [
        { label: 'Keep the old one', value: '' },
        { label: 'Make a new one', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      const made = await post(`${path}/rotate-secret`, { overlap_h: Number(overlap.input.value) });
      const until = made.old_secret_until && moment(made.old_secret_until);
      fill(secret, secretCard({ context, secret: made.secret, webhook, isNew: false, until }));
      secret.querySelector('h2')?.focus();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  const names = new Map(stores.map(({ id, properties }) => [id, properties.name]));
  return h(
    'article',
    { 'data-testid': 'webhook' },
    h('a', { class: 'back-link', href: '/webhooks' }, icon('back', 16), 'Webhooks'),
    h(
      'header',
      { class: 'page-head' },
      h(
        'div',
        { class: 'title-line' },
        h('h1', { class: 'breaks' }, webhook.name),
        h('span', { 'data-testid': 'webhook-state' }, pill(text, tone)),
      ),
      h(
        'div',
        { class: 'page-tools' },
        isOff
          ? tool(
              'Enable',
              'webhook-enable',
              () => change(() => post(`${path}/enable`), `${webhook.name} hears again, first of what waited.`),
              'button-primary',
            )
          : test,
        isOff && test,
        h('a', { class: 'button', href: `/webhooks?id=${webhook.id}&edit=1`, 'data-testid': 'webhook-edit' }, 'Edit'),
      ),
    ),
    trouble && h('p', { class: `note note-${isOff ? 'bad' : 'warn'}`, 'data-testid': 'webhook-trouble' }, trouble),
    result,
    secret,
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'Endpoint'),
      h('dl', { class: 'keys' }, facts(webhook, names)),
      h(
        'div',
        { class: 'page-tools' },
        tool('Send again…', 'webhook-replay', replay),
        tool('New secret…', 'webhook-rotate', rotate),
        !isOff &&
          tool('Disable', 'webhook-disable', () =>
            change(() => post(`${path}/disable`), `${webhook.name} is sent nothing until you enable it.`),
          ),
        tool([icon('trash', 16), 'Delete'], 'webhook-delete', remove, 'button-danger'),
      ),
    ),
    deliveries,
  );
}

/** @param {Webhook} webhook @param {Map<string, string>} names */
function facts(webhook, names) {
  const { url, types, store_ids, with_people, delivered_at, pending, behind, old_secret_until } = webhook;
  const shops = store_ids?.map((id) => names.get(id) ?? 'a store that is gone').join(', ');
  const signs = old_secret_until && new Date(old_secret_until) > new Date();
  /** @type {[string, import('../../ui/dom.js').Child][]} */
  const rows = [
    ['Address', h('span', { class: 'breaks' }, url)],
    ['Hears of', h('span', { class: 'breaks' }, types.join(', ') || 'everything')],
    ['Events of', shops ?? 'the whole programme'],
    ['People', with_people ? 'device ids, your customer ids, words of messages' : 'a pseudonym that changes daily'],
    ['Last success', delivered_at ? ago(delivered_at) : 'none yet'],
    ['Waits', `${number(pending)}${behind > 0 ? `, and ${number(behind)} events not looked at yet` : ''}`],
  ];
  if (signs) rows.push(['Old secret', `signs too until ${moment(old_secret_until)}`]);
  return rows.map(([term, words]) => [h('dt', null, term), h('dd', null, words)]);
}

/** @param {import('../../ui/dom.js').Child} words @param {string} testid @param {() => void} click @param {string} [look] */
const tool = (words, testid, click, look = '') =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, words);
