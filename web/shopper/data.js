/** “My data”: what is stored, taking it along, taking back each answer, deleting everything. */

import { fill, h } from '../src/ui/dom.js';
import { call } from './api.js';
import { choices } from './consent.js';
import { decide, deleteAll, state } from './session.js';

const SAID = { granted: 'You said yes.', denied: 'You said no.', unknown: 'You said nothing; that counts as no.' };

export function data() {
  const who = state.app?.data_controller ?? '';
  const answers = choices(who).map(answer);
  const stored = h('div', { class: 'stored', 'data-testid': 'stored' }, 'Asking the server …');
  const exported = h('p', { class: 'quiet', role: 'status' });
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const sure = h('button', { type: 'button', class: 'bad', 'data-testid': 'delete-sure', on: { click: remove } });
  sure.textContent = 'Yes, delete everything';
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'delete-title', 'data-testid': 'delete-dialog' },
    h('h2', { id: 'delete-title' }, 'Delete everything?'),
    h('p', null, `All that ${who} stores about this browser is deleted, and all that is kept in it. For good.`),
    wrong,
    h(
      'div',
      { class: 'buttons' },
      sure,
      h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Keep it'),
    ),
  );

  async function remove() {
    sure.disabled = true;
    wrong.textContent = await deleteAll();
    sure.disabled = false;
  }

  const choose = h('section', { class: 'card', hidden: true, 'data-testid': 'choose' });
  const trouble = h('p', { class: 'quiet', role: 'status' });
  fill(
    choose,
    h('h2', null, 'All your choices'),
    h('p', null, `What ${who} and its shops may send you, by which way. For you as a person, on all your devices.`),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', 'data-testid': 'preferences', on: { click: open } }, 'Open your choices'),
    ),
    trouble,
  );

  async function open() {
    const told = await call('POST', '/v1/me/preference-link');
    if (told.is === 'done') window.location.assign(told.data.url);
    else trouble.textContent = told.is === 'refused' ? told.detail : 'No connection: try again later.';
  }

  async function show() {
    let told = await call('GET', '/v1/me');
    if (told.is === 'refused') told = await call('GET', '/v1/devices/me');
    choose.hidden = !(told.is === 'done' && told.data.person);
    if (told.is === 'done') fill(stored, lines(told.data));
    else fill(stored, h('p', { class: 'quiet' }, 'No connection: what the server stores cannot be shown just now.'));
  }

  async function take() {
    exported.textContent = 'Collecting …';
    const told = await call('GET', '/v1/me/export');
    if (told.is !== 'done') {
      exported.textContent =
        told.is === 'later' ? 'No connection: try again later.' : 'This server cannot hand it out as a file yet.';
      return;
    }
    const file = new Blob([JSON.stringify(told.data, null, 2)], { type: 'application/json' });
    const href = URL.createObjectURL(file);
    h('a', { href, download: 'my-data.json' }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
    exported.textContent = 'Saved as my-data.json.';
  }

  const node = h(
    'div',
    { class: 'view', 'data-testid': 'data' },
    h('h1', null, 'My data'),
    h(
      'section',
      { class: 'card', 'aria-label': 'Your answers' },
      answers.map((one) => one.node),
    ),
    choose,
    h(
      'section',
      { class: 'card' },
      h('h2', null, `What ${who} stores`),
      stored,
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'button', 'data-testid': 'export', on: { click: take } }, 'Save as a file'),
      ),
      exported,
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'Delete everything'),
      h('p', null, 'On the server and in this browser. You can start anew at any time.'),
      h(
        'div',
        { class: 'buttons' },
        h(
          'button',
          { type: 'button', class: 'bad', 'data-testid': 'delete', on: { click: () => dialog.showModal() } },
          'Delete everything',
        ),
      ),
    ),
    dialog,
  );
  show();
  return { node, draw: () => answers.forEach((one) => one.draw()) };
}

/** @param {{kind: import('./types').Kind, name: string, text: string}} choice */
function answer({ kind, name }) {
  const said = h('p');
  const button = h('button', { type: 'button', on: { click: turn } });
  const node = h('div', { class: 'row', 'data-testid': `answer-${kind}` }, h('div', null, h('h2', null, name), said));
  node.append(button);

  function turn() {
    decide(kind, state.consents[kind] === 'granted' ? 'denied' : 'granted');
  }
  function draw() {
    said.textContent = SAID[state.consents[kind]];
    button.textContent = state.consents[kind] === 'granted' ? 'Take it back' : 'Say yes';
    button.setAttribute('aria-label', `${button.textContent}: ${name}`);
  }
  draw();
  return { node, draw };
}

/**
 * Whatever the server tells, a line each: kinds of rows with how long they are kept, then single facts about device and
 * person. It may tell more or less than this page was made for.
 * @param {any} told
 */
function lines({ data = [], counts = {}, device = {}, person, ...rest }) {
  const kept = data.map((/** @type {any} */ { what, count, kept: how }) => [
    what,
    [count, how].filter(Boolean).join(', '),
  ]);
  const counted = Object.entries(counts).filter(([, n]) => n);
  const facts = Object.entries({ ...rest, ...device, ...person }).filter(([, value]) => isFact(value));
  return h(
    'dl',
    null,
    [...kept, ...counted, ...facts].map(([name, value]) => [h('dt', null, words(name)), h('dd', null, shown(value))]),
  );
}

/** @param {unknown} value */
const isFact = (value) => value !== null && typeof value !== 'object';

/** @param {string} name */
const words = (name) => name[0].toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** @param {unknown} value */
function shown(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return /^\d{4}-\d\d-\d\dT/.test(String(value)) ? new Date(String(value)).toLocaleString() : String(value);
}
