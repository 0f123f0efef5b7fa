/** The message while it is being written, as the server renders it: on a phone, as an e-mail, in an app, on a page. */
import { ApiError, post } from '../../../api.js';
import { fill, h } from '../../../ui/dom.js';
import { explain } from '../../../ui/widgets.js';
import { may, reasonText } from '../../../ui/words.js';
import { EXAMPLE_NAME, pushCard, renderPush, warningList } from '../words.js';
import { personPart } from './person.js';

/** @import {Context, MessagePreview, PushOptions} from '../../../types' */
/** @import {Field} from '../../../ui/fields.js' */
/** @import {Names} from '../words.js' */
/** @import {MessagePart} from './message.js' */

const TYPING_MS = 350;
/** @type {Record<string, string>} */
const TABS = { push: 'Push', email: 'E-mail', inbox: 'Inbox', web_card: 'Card' };
const TRIGGER_NAME = /\btrigger\.(\w+)/g;
const OFFER = { code: 'K7M4-QX2P', label: '10 % off' };
const CONTENT = {
  title: 'Reading for children',
  text: 'Stories from all over the world.',
  place: 'Atrium',
  starts: 'Sat, 2:00 PM',
  ends: 'Sat, 3:00 PM',
};

/** @typedef {{message: MessagePart, storeId: string | null, zoneId: string | null, purpose: string, strict: boolean, push: PushOptions, name: string}} Draft */

/**
 * @param {{context: Context, names: Names, draft: () => Draft, extras: () => HTMLElement | null}} options `extras`: what is
 *   shown with a push besides its words
 */
export function livePreview({ context, names, draft, extras }) {
  const words = h('div', { class: 'preview-words', 'aria-live': 'polite' });
  const more = h('div', null);
  const said = h('p', { class: 'quiet', role: 'status', 'data-testid': 'test-said' });
  let channel = 'push';
  let timer = 0;
  let last = '';
  /** Where this preview has complained: what a save complained of is not its to take away. @type {Field[]} */
  let told = [];
  const person = may(context.me, 'people') ? personPart({ onChange: update }) : null;
  const tabs = Object.entries(TABS).map(([name, label]) =>
    h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-pressed': String(name === channel),
        'data-testid': `preview-${name}`,
        on: { click: () => show(name) },
      },
      label,
    ),
  );
  const test = h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': 'send-test', hidden: true, on: { click: sendTest } },
    'Send it to them as a test',
  );

  /** @param {string} name */
  function show(name) {
    channel = name;
    Object.keys(TABS).forEach((each, n) => tabs[n].setAttribute('aria-pressed', String(each === name)));
    update();
  }

  /** What is written so far, with an example of what is not. @param {Draft} of */
  function soFar(of) {
    const { title, body } = of.message.read();
    return { title: title || 'Title', body: body || 'What the reader reads.' };
  }

  /** What the API is asked. @param {Draft} of @param {{title: string, body: string}} text */
  function asked(of, { title, body }) {
    const zone = names.zones.get(of.zoneId ?? '')?.properties;
    const trigger = Object.fromEntries([...`${title} ${body}`.matchAll(TRIGGER_NAME)].map(([, name]) => [name, '7']));
    return {
      channel,
      title,
      body,
      purpose: of.purpose,
      strict: of.strict,
      ...(of.storeId && { store_id: of.storeId }),
      ...(of.push.link && { link: of.push.link }),
      ...(of.push.image_url && { image_url: of.push.image_url }),
      ...(person?.id() && { profile_id: person.id() }),
      values: {
        ...(!person?.id() && { first_name: EXAMPLE_NAME }),
        ...(zone && { zone: { name: zone.name } }),
        campaign: { name: of.name },
        offer: OFFER,
        content: CONTENT,
        trigger,
      },
    };
  }

  async function render() {
    const of = draft();
    const shown = soFar(of);
    const text = JSON.stringify([asked(of, shown), of.zoneId]);
    if (text === last) return;
    last = text;
    test.hidden = !person?.id();
    fill(said);
    for (const field of told) field.setError(null);
    told = [];
    try {
      const rendered = await ask(of, shown);
      if (text === last) fill(words, picture(of, rendered), notes(rendered));
    } catch (error) {
      if (text === last) complain(of, shown, error);
    }
  }

  /** A mistake in a text is told at its field. @param {Draft} of @param {{title: string, body: string}} text @param {unknown} error */
  function complain(of, text, error) {
    /** @type {{errors: import('../../../api.js').FieldError[], problem: Record<string, any>}} */
    const { errors, problem } = error instanceof ApiError ? error : { errors: [], problem: {} };
    const found = errors.map(({ pointer = '', detail }) => [pointer.includes('title') ? 'title' : 'body', detail]);
    if (problem.part) found.push([problem.part, problem.detail]);
    for (const [part, detail] of found) {
      const field = part === 'title' ? of.message.title : of.message.body;
      field.setError(detail);
      told.push(field);
    }
    fill(
      words,
      picture(of, text),
      found.length === 0 && h('p', { class: 'field-error', role: 'alert' }, explain(error)),
    );
  }

  /** A push to the example person is rendered with the names of the zone's mall too. @param {Draft} of @param {{title: string, body: string}} text @returns {Promise<Partial<MessagePreview> & {title: string, body: string}>} */
  function ask(of, text) {
    if (channel === 'push' && !person?.id()) return renderPush({ ...text, store_id: of.storeId, zone_id: of.zoneId });
    return post('/v1/messages/preview', asked(of, text));
  }

  /** @param {Draft} of @param {{title: string, body: string, html?: string | null}} shown */
  function picture(of, { title, body, html }) {
    const store = names.stores.get(of.storeId ?? '')?.properties;
    if (channel === 'email')
      return html
        ? h('iframe', {
            class: 'mail-frame',
            sandbox: '',
            srcdoc: html,
            title: 'The e-mail',
            'data-testid': 'mail-frame',
          })
        : h('p', { class: 'quiet' }, 'The e-mail is shown once it has a title and a text.');
    const card = pushCard(store?.name ?? 'Mall', store?.brand_color, title, body);
    if (channel === 'push')
      return h(
        'div',
        { class: 'preview-phone' },
        h('p', { class: 'preview-clock', 'aria-hidden': 'true' }, '10:24'),
        card,
      );
    return h(
      'div',
      { class: 'preview-card' },
      h('p', null, h('strong', null, title)),
      h('p', { class: 'breaks' }, body),
    );
  }

  /** @param {Partial<MessagePreview>} rendered */
  const notes = ({ warnings = [], blank, blocked_by = [], locale }) => [
    warningList(warnings),
    blank && h('p', { class: 'notice' }, `It would not be sent: ${blank}`),
    blocked_by.length > 0 &&
      h(
        'p',
        { class: 'notice', 'data-testid': 'blocked-by' },
        `Held back from this person now: ${blocked_by.map(reasonText).join(', ')}.`,
      ),
    locale && h('p', { class: 'quiet' }, `In ${locale}.`),
    !person?.id() && h('p', { class: 'quiet' }, `As ${EXAMPLE_NAME} would see it.`),
  ];

  async function sendTest() {
    const of = draft();
    test.disabled = true;
    try {
      const sent = await post('/v1/messages/test', asked(of, of.message.read()));
      const good = sent.status === 'sent' || sent.status === 'queued';
      fill(said, good ? 'It is on its way.' : `It was not sent: ${reasonText(sent.reason)}. ${sent.answer}`);
    } catch (error) {
      fill(said, explain(error));
    }
    test.disabled = false;
  }

  function update() {
    fill(more, channel === 'push' ? extras() : null);
    window.clearTimeout(timer);
    timer = window.setTimeout(render, TYPING_MS);
  }

  return {
    node: h(
      'div',
      { class: 'message-preview', 'data-testid': 'preview' },
      h('h2', null, 'Preview'),
      h('div', { class: 'chip-row', role: 'group', 'aria-label': 'Channel' }, tabs),
      words,
      more,
      person?.node,
      h('div', null, test, said),
    ),
    update,
  };
}
