/** One conversation: what was written, whose it is, and the box to answer in. */
import { call, get, getAll, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, textField } from '../../ui/fields.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, failure, loading, pill } from '../../ui/widgets.js';
import { CHANNEL, STATUS, whyNot, windowWords } from './words.js';

/** @import {Context} from '../../types' */
/** @import {CannedAnswer, ConversationText, Thread} from '../../types_replies' */

const MOST = 4000;

/**
 * @param {HTMLElement} root
 * @param {{id: string, context: Context, storeName: (id: string | null) => string, onChange: () => void, onBack: () => void}} options
 */
export function threadView(root, { id, context, storeName, onChange, onBack }) {
  const abort = new AbortController();
  const path = `/v1/conversations/${id}`;
  const mine = context.me.operator.id;
  const head = h('header', { class: 'thread-head' });
  const texts = h('ol', {
    class: 'thread-texts',
    'data-testid': 'thread',
    tabindex: 0,
    'aria-label': 'What was written',
  });
  const left = h('p', { class: 'quiet thread-window', 'data-testid': 'window', role: 'status' });
  const words = areaField('Your answer', { rows: 3, maxlength: MOST, required: true }, { testid: 'answer' });
  const canned = h('select', { 'aria-label': 'Canned answers', 'data-testid': 'canned', on: { change: take } });
  const send = h('button', { type: 'submit', class: 'button button-primary', 'data-testid': 'send' }, 'Send answer');
  const keep = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'keep', on: { click: keepText } },
    'Keep as canned answer',
  );
  const form = h(
    'form',
    { class: 'thread-answer', hidden: true, on: { submit: answer } },
    canned,
    words.node,
    h('div', { class: 'foot-buttons' }, left, keep, send),
  );
  const refusal = h('p', { class: 'thread-refusal', role: 'status', hidden: true, 'data-testid': 'why-not' });
  /** @type {Thread | null} */
  let shown = null;
  /** @type {CannedAnswer[]} */
  let kept = [];
  /** @type {string | null} the Idempotency-Key of the answer that is being sent, until it was */
  let once = null;

  async function load() {
    try {
      const found = /** @type {Thread} */ (await get(path, undefined, abort.signal));
      show(found);
      if (found.unread) {
        await call('PATCH', path, { body: { read: true }, signal: abort.signal });
        onChange();
      }
    } catch (error) {
      if (!abort.signal.aborted) fill(root, failure(error, start));
    }
  }

  async function start() {
    fill(root, loading());
    await Promise.all([load(), loadCanned()]);
    if (!shown || abort.signal.aborted) return;
    fill(root, head, texts, refusal, form);
    texts.scrollTop = texts.scrollHeight;
  }

  async function loadCanned() {
    kept = await getAll('/v1/canned-answers', {}, abort.signal).catch(() => []);
    showCanned();
  }

  /** Everybody's and the store's own. */
  function showCanned() {
    const fitting = kept.filter((one) => !one.store_id || !shown || one.store_id === shown.store_id);
    canned.hidden = fitting.length === 0;
    fill(
      canned,
      h('option', { value: '' }, 'Canned answers…'),
      fitting.map((one) => h('option', { value: one.id }, one.title)),
    );
  }

  /** @param {Thread} found */
  function show(found) {
    const isAtEnd = texts.scrollTop + texts.clientHeight >= texts.scrollHeight - 40;
    shown = found;
    fill(
      head,
      h(
        'button',
        { type: 'button', class: 'icon-button thread-back', 'aria-label': 'Back to the list', on: { click: onBack } },
        icon('back'),
      ),
      h(
        'div',
        { class: 'thread-who' },
        h('h2', null, found.profile_id ? h('a', { href: `/people/${found.profile_id}` }, found.name) : found.name),
        h('p', { class: 'quiet' }, `${CHANNEL[found.channel]} · ${storeName(found.store_id)}`),
      ),
      h(
        'div',
        { class: 'thread-tools' },
        found.assigned_to && found.assigned_to !== mine && pill('A colleague’s', 'info'),
        found.assigned_to === mine
          ? button('Give back', 'give-back', { assigned_to: null })
          : button('Assign to me', 'assign', { assigned_to: mine }),
        button('Done', 'done', { done: true }),
      ),
    );
    fill(texts, found.messages.map(bubble));
    if (isAtEnd) texts.scrollTop = texts.scrollHeight;
    form.hidden = !found.can_answer;
    refusal.hidden = found.can_answer;
    fill(refusal, whyNot(found));
    tick();
    showCanned();
  }

  /** @param {string} label @param {string} testid @param {object} body */
  function button(label, testid, body) {
    const click = async () => {
      try {
        await call('PATCH', path, { body });
        onChange();
        if ('done' in body) onBack();
        else await load();
      } catch (error) {
        context.toast(explain(error), { tone: 'bad' });
      }
    };
    return h('button', { type: 'button', class: 'button', 'data-testid': testid, on: { click } }, label);
  }

  function tick() {
    if (shown) fill(left, windowWords(shown));
  }

  function take() {
    const chosen = kept.find((one) => one.id === canned.value);
    canned.value = '';
    if (!chosen) return;
    words.input.value = [words.input.value.trim(), chosen.text].filter(Boolean).join('\n').slice(0, MOST);
    words.input.focus();
  }

  /** @param {SubmitEvent} event */
  async function answer(event) {
    event.preventDefault();
    const text = words.input.value.trim();
    if (!text) return words.setError('Write an answer first.');
    send.disabled = true;
    once ??= crypto.randomUUID();
    try {
      await post(`${path}/answers`, { text }, { once });
      once = null;
      words.input.value = '';
      words.setError(null);
      context.announce('Your answer is on its way.');
      onChange();
    } catch (error) {
      once = null;
      words.setError(explain(error));
    } finally {
      send.disabled = false;
    }
    await load();
    texts.scrollTop = texts.scrollHeight;
  }

  async function keepText() {
    const title = textField('Title', { maxlength: 80, required: true }, { testid: 'canned-title' });
    const text = areaField('Text', { rows: 4, maxlength: MOST, required: true }, { testid: 'canned-text' });
    text.input.value = words.input.value.trim();
    const said = await ask({
      title: 'Keep a canned answer',
      body: h('div', { class: 'stack' }, title.node, text.node),
      testid: 'canned-dialog',
      actions: [
        { label: 'Back', value: '' },
        { label: 'Keep', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!said) return;
    const body = { title: title.input.value, text: text.input.value, store_id: shown?.store_id ?? null };
    try {
      await post('/v1/canned-answers', body, { once: crypto.randomUUID() });
      await loadCanned();
      context.toast(`“${body.title}” is kept.`);
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  const timer = window.setInterval(tick, 15_000);
  start();
  return {
    reload: load,
    leave() {
      abort.abort();
      window.clearInterval(timer);
    },
  };
}

/** @param {ConversationText} one */
function bubble(one) {
  const said =
    one.direction === 'in' ? '' : ` · ${[one.by, STATUS[one.status] ?? one.status].filter(Boolean).join(', ')}`;
  return h(
    'li',
    { class: `thread-text thread-${one.direction}`, 'data-testid': `text-${one.direction}` },
    h('p', null, one.text),
    h('small', null, `${moment(one.at)}${said}`),
  );
}
