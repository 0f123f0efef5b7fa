/** "Send a test to my phone": one message to one test device, and what the provider answered. */
import { ApiError, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { explain, pill } from '../../ui/widgets.js';
import { messageStatus } from '../../ui/words.js';
import { button } from './firebase.js';
import { deviceWords } from './words.js';

/** @import {App, Context} from '../../types' */
/** @import {TestDevice} from './words.js' */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const OTHER = 'other';
/** @type {Record<string, string>} */
const TONES = { sent: 'ok', failed: 'bad', skipped: 'warn', misconfigured: 'bad', unknown: 'warn' };
/** @type {Record<string, string>} */
const CHANNELS = { fcm: 'Firebase', webpush: 'web push', preview: 'the inbox of the device' };

/** @param {{app: App, context: Context, signal: AbortSignal}} options */
export function testPushSection({ app, context, signal }) {
  const form = h('form', { class: 'app-part-body', novalidate: true, on: { submit: send } });
  const result = h('div', { role: 'status', 'data-testid': 'test-result' });
  const node = h(
    'section',
    { class: 'app-part', 'data-testid': 'test-push' },
    h('div', { class: 'app-part-head' }, h('h3', null, 'Send a test to my phone')),
    form,
    result,
  );
  const other = textField('Device id', { spellcheck: 'false', placeholder: '0198…' }, { testid: 'test-device-id' });
  const title = textField('Title', { value: 'Hello from the console', maxlength: 120 }, { testid: 'test-title' });
  const text = textField('Text', { value: 'A test of how messages arrive.', maxlength: 500 }, { testid: 'test-body' });
  const go = h('button', { class: 'button button-primary', 'data-testid': 'test-send' }, 'Send');
  let choice = selectField('To', [[OTHER, 'A device by its id']], OTHER, { testid: 'test-device' });

  /** @param {TestDevice[]} devices */
  function show(devices) {
    const choices = devices.map((device) => /** @type {[string, string]} */ ([device.id, deviceWords(device)]));
    choice = selectField('To', [...choices, [OTHER, 'A device by its id']], choices[0]?.[0] ?? OTHER, {
      testid: 'test-device',
      hint: choices.length ? null : 'No test phone of this app yet: connect one, or open the shopper page as a test.',
    });
    choice.input.addEventListener('change', follow);
    fill(
      form,
      choice.node,
      other.node,
      h('div', { class: 'field-pair' }, title.node, text.node),
      h('div', { class: 'tool-row' }, go, button('Look for phones again', 'test-reload', 'button-quiet', load)),
    );
    follow();
  }

  function follow() {
    other.node.hidden = choice.input.value !== OTHER;
  }

  async function load() {
    const found = await get('/v1/devices', { app_id: app.id }, signal).catch(() => null);
    if (!signal.aborted) show(found?.items ?? []);
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const id = choice.input.value === OTHER ? other.input.value.trim() : choice.input.value;
    other.setError(UUID.test(id) ? null : 'A device id has 36 characters, like 0198a3c4-….');
    if (!UUID.test(id)) return other.input.focus();
    go.disabled = true;
    fill(go, 'Sending…');
    try {
      const body = { device_id: id, title: title.input.value.trim() || null, body: text.input.value.trim() || null };
      show_(await post(`/v1/apps/${app.id}/test-push`, body));
    } catch (error) {
      const isDevice = error instanceof ApiError && (error.status === 404 || error.errors.some(isAboutDevice));
      if (isDevice && choice.input.value === OTHER) other.setError(explain(error));
      fill(result, h('p', { class: 'form-error', role: 'alert' }, explain(error)));
    }
    go.disabled = false;
    fill(go, 'Send');
  }

  /** @param {import('../../api.js').FieldError} error */
  const isAboutDevice = ({ pointer = '' }) => pointer.includes('device_id');

  /** @param {{status: string, channel: string, answer: string, took_ms: number}} outcome */
  function show_({ status, channel, answer, took_ms }) {
    fill(
      result,
      h(
        'div',
        { class: 'test-answer' },
        pill(messageStatus(status), TONES[status] ?? 'quiet'),
        h('span', null, `by ${CHANNELS[channel] ?? channel}, in ${Math.round(took_ms)} ms`),
        answer && h('p', { class: 'breaks' }, answer),
      ),
    );
    context.announce(`Test ${messageStatus(status)}.`);
  }

  show([]);
  load();
  return node;
}
