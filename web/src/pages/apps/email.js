/**
 * An app's mail server: put with its password once, checked, gone; and where people's answers to its e-mails go.
 */
import { ApiError, call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { checkField, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, loading, pill } from '../../ui/widgets.js';
import { handInCommand } from './email_words.js';
import { button, complain, withWords } from './firebase.js';
import { checkedWords, senderState } from './words.js';

/** @import {Context} from '../../types' */
/** @import {MailServer} from './email_words.js' */

/** @param {{app: {id: string, name: string}, context: Context, signal: AbortSignal}} options */
export function emailSection({ app, context, signal }) {
  const path = `/v1/apps/${app.id}/email`;
  const body = h('div', { class: 'app-part-body' });
  const state = h('span', { 'data-testid': 'email-state' });
  const node = h(
    'section',
    { class: 'app-part', 'data-testid': 'email' },
    h('div', { class: 'app-part-head' }, h('h3', null, 'E-mail'), state),
    body,
  );

  async function load() {
    fill(body, loading());
    try {
      show(await get(path, {}, signal), { secret: null });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 404) return showForm(null);
      fill(state);
      fill(
        body,
        h('p', { class: 'form-error', role: 'alert' }, explain(error)),
        button('Try again', 'retry', '', load),
      );
    }
  }

  /** @param {MailServer} server @param {{secret: string | null}} once `secret`: of answers, right after saving */
  function show(server, { secret }) {
    const { text, tone } = senderState(server);
    fill(state, pill(text, tone));
    const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
    const check = button('Check again', 'email-check', '', async () => {
      check.disabled = true;
      try {
        show(withWords(await post(`${path}/check`)), { secret });
        refocus('email-check');
      } catch (failure) {
        complain(error, failure);
        check.disabled = false;
      }
    });
    fill(
      body,
      h(
        'dl',
        { class: 'keys' },
        h('dt', null, 'Server'),
        h('dd', { class: 'breaks' }, `${server.host}:${server.port}`),
        h('dt', null, 'Sender'),
        h('dd', { class: 'breaks' }, `${server.from_name} <${server.from_address}>`),
        h('dt', null, 'Answers'),
        h('dd', { class: 'breaks' }, answersText(server)),
      ),
      server.detail && h('p', { class: `note note-${tone === 'bad' ? 'bad' : 'quiet'}` }, server.detail),
      h('p', { class: 'quiet' }, checkedWords(server, undefined, 'The mail server')),
      server.takes_answers && answersPart({ server, secret, context }),
      error,
      h(
        'div',
        { class: 'tool-row' },
        check,
        button('Change…', 'email-change', 'button-small', () => showForm(server)),
        button([icon('trash', 16), 'Remove'], 'email-remove', 'button-small button-danger', () => remove(error)),
      ),
    );
  }

  /** @param {HTMLElement} error */
  async function remove(error) {
    const answer = await ask({
      title: `Remove the mail server of ${app.name}?`,
      testid: 'email-remove-dialog',
      body: h('p', null, 'Its password is deleted. Messages then go by their next channel, or not at all.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Remove', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('DELETE', path);
      showForm(null);
      context.toast('The mail server is removed.');
    } catch (failure) {
      complain(error, failure);
    }
  }

  /** @param {MailServer | null} old */
  function showForm(old) {
    fill(state, pill(old ? senderState(old).text : 'not set up', old ? senderState(old).tone : 'quiet'));
    const form = serverForm({
      old,
      async onSave(given) {
        const { data } = await call('PUT', path, { body: given });
        // the server may not have been asked yet
        const checked = await post(`${path}/check`).then(withWords, () => data);
        show(checked, { secret: data.answers_secret });
        context.announce(`E-mail ${senderState(checked).text}.`);
        refocus(data.answers_secret ? 'answers-copy' : 'email-check');
      },
      onBack: old && (() => show(old, { secret: null })),
    });
    if (old)
      return fill(body, h('p', { class: 'quiet' }, 'What you save takes the place of the old one at once.'), form);
    fill(
      body,
      h(
        'p',
        { class: 'quiet' },
        'E-mails of this app go through your own mail server. Until there is one, such messages go by their next channel.',
      ),
      h(
        'details',
        { class: 'source-details' },
        h('summary', { 'data-testid': 'email-open' }, 'Set up a mail server'),
        form,
      ),
    );
  }

  /** @param {string} testid */
  function refocus(testid) {
    /** @type {HTMLElement | null} */ (body.querySelector(`[data-testid=${testid}]`))?.focus();
  }

  load();
  return node;
}

/** @param {MailServer} server */
function answersText({ takes_answers, reply_to, from_address }) {
  if (takes_answers) return `To Replies, by ${reply_to}`;
  return `To ${reply_to ?? from_address}; not to Replies`;
}

/**
 * Where the mail server hands in what people answer.
 * @param {{server: MailServer, secret: string | null, context: Context}} options `secret`: only right after saving
 */
function answersPart({ server, secret, context }) {
  const url = server.answers_url;
  if (!url)
    return h(
      'p',
      { class: 'note note-warn' },
      'Set GEOENGAGE_PUBLIC_URL: until then there is no address where answers can be handed in.',
    );
  if (!secret)
    return h(
      'div',
      { class: 'app-part-body', 'data-testid': 'answers' },
      h('p', { class: 'breaks' }, 'Answers are handed in at ', h('code', { 'data-testid': 'answers-url' }, url)),
      h('p', { class: 'quiet' }, 'The secret that signs them is shown when you save.'),
    );
  const code = h('code', null, handInCommand(url, secret));
  const shownSecret = h('code', { 'data-testid': 'answers-secret' }, secret);
  return h(
    'div',
    { class: 'app-part-body', 'data-testid': 'answers' },
    h(
      'p',
      null,
      'Have your mail server run this with each e-mail that comes to ',
      h('strong', { class: 'breaks' }, server.reply_to),
      '. The secret in it is shown ',
      h('strong', null, 'this once'),
      '.',
    ),
    h('pre', { class: 'snippet', tabindex: 0, 'data-testid': 'answers-command' }, code),
    h('p', { class: 'breaks' }, 'Address: ', h('code', { 'data-testid': 'answers-url' }, url)),
    h('p', { class: 'breaks' }, 'Secret: ', shownSecret),
    h(
      'div',
      { class: 'tool-row' },
      button([icon('copy', 16), 'Copy the command'], 'answers-copy', 'button-small', () => copy(code, context)),
      button([icon('copy', 16), 'Copy the secret'], 'answers-copy-secret', 'button-small', () =>
        copy(shownSecret, context),
      ),
    ),
  );
}

/** @param {HTMLElement} node what is copied @param {Context} context */
async function copy(node, context) {
  try {
    // only https and localhost have the clipboard
    await navigator.clipboard.writeText(node.textContent ?? '');
    context.toast('It is copied.');
  } catch {
    window.getSelection()?.selectAllChildren(node);
    context.toast('It is selected: copy it with Ctrl+C.');
  }
}

/**
 * @param {{old: MailServer | null, onSave: (given: Record<string, unknown>) => Promise<void>, onBack: (() => void) | null}} options
 */
function serverForm({ old, onSave, onBack }) {
  const host = textField(
    'Server',
    { maxlength: 253, placeholder: 'smtp.example.com', value: old?.host ?? '', spellcheck: 'false' },
    { testid: 'email-host' },
  );
  const tls = selectField(
    'Encryption',
    [
      ['starttls', 'STARTTLS, usually port 587'],
      ['tls', 'TLS from the start, usually port 465'],
    ],
    old?.tls ?? 'starttls',
    { testid: 'email-tls' },
  );
  const port = textField(
    'Port',
    { inputmode: 'numeric', maxlength: 5, value: String(old?.port ?? 587) },
    { testid: 'email-port' },
  );
  const username = textField(
    'User name',
    { maxlength: 120, value: old?.username ?? '', spellcheck: 'false' },
    { testid: 'email-username', hint: 'Empty: the server asks for none.' },
  );
  const password = textField(
    'Password',
    { type: 'password', maxlength: 500, autocomplete: 'new-password' },
    {
      testid: 'email-password',
      hint: `Kept encrypted and never shown again.${old ? ' Left empty it stays, while server, port and user name do.' : ''}`,
    },
  );
  const fromAddress = textField(
    'Sender’s address',
    { maxlength: 120, placeholder: 'shop@example.com', value: old?.from_address ?? '', spellcheck: 'false' },
    { testid: 'email-from' },
  );
  const fromName = textField(
    'Sender’s name',
    { maxlength: 120, value: old?.from_name ?? '' },
    { testid: 'email-from-name' },
  );
  const replyTo = textField(
    'Reply-to address',
    { maxlength: 120, placeholder: 'talk@example.com', value: old?.reply_to ?? '', spellcheck: 'false' },
    { testid: 'email-reply-to', hint: 'Where answers go. Empty: to the sender’s address.' },
  );
  const takes = checkField('Answers come back to Replies', old?.takes_answers ?? false, {
    testid: 'email-takes-answers',
    hint: 'Each e-mail then names an address of its own: the one above with + and a code before the @. Your mail server hands in what comes there, and it stands in Replies, at the store that wrote.',
  });
  const perMinute = textField(
    'Most e-mails in a minute',
    { inputmode: 'numeric', maxlength: 6, value: String(old?.per_minute ?? 600) },
    { testid: 'email-per-minute' },
  );
  const fields = /** @type {const} */ ([
    ['host', host],
    ['tls', tls],
    ['port', port],
    ['username', username],
    ['password', password],
    ['from_address', fromAddress],
    ['from_name', fromName],
    ['reply_to', replyTo],
    ['per_minute', perMinute],
  ]);
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h(
    'button',
    { type: 'submit', class: 'button button-primary', 'data-testid': 'email-save' },
    'Save and check',
  );
  tls.input.addEventListener('change', () => {
    const usual = { starttls: '587', tls: '465' };
    if (Object.values(usual).includes(port.input.value))
      port.input.value = usual[/** @type {'starttls' | 'tls'} */ (tls.input.value)];
  });

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    fields.forEach(([, field]) => field.setError(null));
    error.hidden = true;
    save.disabled = true;
    fill(save, 'Checking…');
    const text = (/** @type {{input: {value: string}}} */ field) => field.input.value.trim();
    try {
      await onSave({
        host: text(host),
        tls: tls.input.value,
        port: Number(text(port)),
        username: text(username) || null,
        ...(password.input.value ? { password: password.input.value } : {}),
        from_address: text(fromAddress),
        from_name: text(fromName),
        reply_to: text(replyTo) || null,
        takes_answers: takes.box.checked,
        per_minute: Number(text(perMinute)),
      });
    } catch (failure) {
      point(failure);
      save.disabled = false;
      fill(save, 'Save and check');
    }
  }

  /** @param {unknown} failure */
  function point(failure) {
    const said = failure instanceof ApiError ? failure.errors : [];
    const about = fields.filter(([name, field]) => {
      const found = said.find((item) => item.pointer === `#/${name}`);
      if (found) field.setError(found.detail);
      return found;
    });
    if (about.length) return about[0][1].input.focus();
    complain(error, failure);
  }

  return h(
    'form',
    { class: 'source-form', novalidate: true, 'data-testid': 'email-form', on: { submit: send } },
    fields.slice(0, -1).map(([, field]) => field.node),
    takes.node,
    perMinute.node,
    error,
    h('div', { class: 'tool-row' }, save, onBack && button('Back', 'email-back', 'button-quiet', onBack)),
  );
}
