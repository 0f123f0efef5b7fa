/**
 * WhatsApp, Viber and SMS: for each channel what it needs, the accounts of tenant and stores with their state, a form.
 * Secrets are written once and never shown again.
 */
import { ApiError, call, get, getAll, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { ago } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, loading, pill } from '../../ui/widgets.js';
import { button } from './firebase.js';
import { PHONE_CHANNELS, templateTone } from './phone_words.js';
import { checkedWords, senderState } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {PhoneChannel, PhoneSender, Template} from './phone_words.js' */
/** @typedef {{stores: Store[], context: Context, signal: AbortSignal}} Options */

/** @param {Options} options */
export function phoneSendersCard(options) {
  return h(
    'article',
    { class: 'card app-card', 'aria-label': 'WhatsApp, Viber, SMS', 'data-testid': 'phone-senders-card' },
    h(
      'header',
      { class: 'app-head' },
      h(
        'div',
        null,
        h('h2', null, 'WhatsApp, Viber, SMS'),
        h('p', { class: 'quiet' }, 'Of the whole programme, or of one store, which then sends by its own.'),
      ),
    ),
    h(
      'div',
      { class: 'app-parts' },
      PHONE_CHANNELS.map((channel) => channelPart(channel, options)),
    ),
  );
}

/** @param {PhoneChannel} channel @param {Options} options */
function channelPart(channel, { stores, context, signal }) {
  const body = h('div', { class: 'app-part-body' }, loading());
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const names = new Map(stores.map(({ id, properties }) => [id, properties.name]));

  async function load() {
    try {
      const all = /** @type {PhoneSender[]} */ (await getAll('/v1/senders', {}, signal));
      const found = all.filter((sender) => sender.channel === channel.key);
      fill(
        body,
        found.length
          ? h('ul', { class: 'source-list' }, found.map(card))
          : h('p', { class: 'quiet' }, 'Not set up: such messages go by their next channel, or not at all.'),
      );
    } catch (failure) {
      if (signal.aborted) return;
      fill(
        body,
        h('p', { class: 'form-error', role: 'alert' }, explain(failure)),
        button('Try again', 'retry', '', load),
      );
    }
  }

  /** @param {PhoneSender} sender */
  function card(sender) {
    const { text, tone } = senderState(sender);
    const templates = h('div', { class: 'app-part-body' });
    const whose = sender.store_id ? (names.get(sender.store_id) ?? 'a store') : context.me.tenant.name;
    return h(
      'li',
      { 'data-testid': `sender-${channel.key}` },
      h('p', { class: 'row-title' }, icon('phone', 16), h('span', { class: 'breaks' }, whose), pill(text, tone)),
      h('p', { class: 'quiet breaks' }, channel.shown(sender.account)),
      sender.detail && h('p', { class: 'note note-bad' }, sender.detail),
      h('p', { class: 'quiet' }, checkedWords(sender, undefined, 'The provider')),
      sender.hook_url
        ? h('p', { class: 'breaks' }, `${channel.hook} `, h('code', { class: 'breaks' }, sender.hook_url))
        : h(
            'p',
            { class: 'note note-quiet' },
            'Set GEOENGAGE_PUBLIC_URL: until then nothing is told of sent messages.',
          ),
      sender.verify_token &&
        h('p', { class: 'breaks' }, 'Verify token: ', h('code', { class: 'breaks' }, sender.verify_token)),
      h(
        'div',
        { class: 'tool-row' },
        button('Check', `check-${channel.key}`, 'button-small', () => check(sender)),
        channel.key === 'whatsapp' &&
          button('Templates', 'templates', 'button-small', () => showTemplates(sender, templates)),
        button([icon('trash', 16), 'Remove'], `remove-${channel.key}`, 'button-small button-danger', () =>
          remove(sender, whose),
        ),
      ),
      templates,
    );
  }

  /** @param {PhoneSender} sender */
  const check = (sender) =>
    run(async () => {
      const found = await post(`/v1/senders/${sender.id}/check`);
      context.toast(found.words);
      await load();
    });

  /** @param {PhoneSender} sender @param {HTMLElement} place */
  async function showTemplates(sender, place) {
    const { items } = await get(`/v1/senders/${sender.id}/templates`, {}, signal);
    fill(
      place,
      items.length
        ? h('ul', { class: 'key-list', 'data-testid': 'template-list' }, items.map(templateLine))
        : h('p', { class: 'quiet' }, 'None is known here yet.'),
      h(
        'div',
        { class: 'tool-row' },
        button('Read from Meta', 'templates-sync', 'button-small', () =>
          run(async () => {
            await post(`/v1/senders/${sender.id}/templates/sync`);
            await showTemplates(sender, place);
          }),
        ),
      ),
    );
  }

  /** @param {PhoneSender} sender @param {string} whose */
  async function remove(sender, whose) {
    const answer = await ask({
      title: `Remove ${channel.name} of ${whose}?`,
      testid: 'sender-remove-dialog',
      body: h('p', null, 'The credentials are deleted. Messages then go by their next channel.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Remove', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (answer)
      await run(async () => {
        await call('DELETE', `/v1/senders/${sender.id}`);
        await load();
      });
  }

  /** @param {() => Promise<void>} act */
  async function run(act) {
    error.hidden = true;
    try {
      await act();
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
  }

  load();
  return h(
    'section',
    { class: 'app-part', 'data-testid': `part-${channel.key}` },
    h('div', { class: 'app-part-head' }, h('h3', null, channel.name)),
    h('p', { class: 'quiet' }, channel.needs),
    body,
    error,
    senderForm(channel, { stores, context, onDone: load }),
  );
}

/** @param {Template} template */
const templateLine = ({ name, language, status, reason, changed_at }) =>
  h(
    'li',
    null,
    pill(status, templateTone(status)),
    h('span', { class: 'breaks' }, `${name} (${language})`),
    h('span', { class: 'quiet' }, [reason, ago(changed_at)].filter(Boolean).join(' · ')),
  );

/** @param {PhoneChannel} channel @param {{stores: Store[], context: Context, onDone: () => Promise<void>}} options */
function senderForm(channel, { stores, context, onDone }) {
  const fields = channel.fields.map(({ name, label, hint, secret }) => ({
    name,
    field: textField(
      label,
      { maxlength: 1000, type: secret ? 'password' : 'text' },
      { hint, testid: `${channel.key}-${name}` },
    ),
  }));
  const store = selectField(
    'Whose',
    [
      ['', context.me.tenant.name],
      ...stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name])),
    ],
    '',
    { testid: `${channel.key}-store` },
  );
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h('button', { type: 'submit', class: 'button', 'data-testid': `${channel.key}-save` }, 'Save and check');

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    fields.forEach(({ field }) => field.setError(null));
    error.hidden = true;
    save.disabled = true;
    const given = Object.fromEntries(fields.map(({ name, field }) => [name, field.input.value.trim()]));
    try {
      const body = { ...channel.body(given), ...(store.input.value ? { store_id: store.input.value } : {}) };
      const { data } = await call('PUT', `/v1/senders/${channel.key}`, { body });
      fields.forEach(({ field }) => (field.input.value = '')); // nothing of it stays on the page
      details.open = false;
      const found = await post(`/v1/senders/${data.id}/check`).catch(() => null);
      context.toast(found ? found.words : `${channel.name} is saved.`);
      await onDone();
    } catch (failure) {
      complain(failure);
    }
    save.disabled = false;
  }

  /** @param {unknown} failure */
  function complain(failure) {
    const said = failure instanceof ApiError ? failure.errors : [];
    const about = fields.filter(({ name, field }) => {
      const found = said.find((item) => item.pointer?.startsWith(`#/${name}`));
      if (found) field.setError(found.detail);
      return found;
    });
    if (about.length) return about[0].field.input.focus();
    fill(error, explain(failure));
    error.hidden = false;
  }

  const details = h(
    'details',
    { class: 'source-details' },
    h('summary', { 'data-testid': `${channel.key}-open` }, 'Set up or replace'),
    h(
      'form',
      { class: 'source-form', novalidate: true, on: { submit: send } },
      store.node,
      fields.map(({ field }) => field.node),
      error,
      save,
    ),
  );
  return details;
}
