/** How a person may be reached: what they decided per channel, purpose and store, and which addresses work. */
import { call, get, post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { ask, explain, pill, whileLoading } from '../../ui/widgets.js';
import { CONSENT_STATES, may } from '../../ui/words.js';
import { channelText, idKind, pointText, pointTone, tone } from './words.js';

/** @import {Decision, PersonConsents} from '../../types' */
/** @import {Person} from './person.js' */

const SOURCE = 'console';
const WORDS = 'told to support';

/** @param {Person} person */
export function consentsCard({ id, context, profile, signal, stores, guarded, changed }) {
  const body = h('div', { class: 'stack' });
  const names = new Map(stores.map((store) => [store.id, store.properties.name]));
  const all = may(context.me, 'people');
  /** @param {string | null} storeId */
  const whose = (storeId) =>
    storeId ? (names.get(storeId) ?? 'a store that is gone') : `all of ${context.me.tenant.name}`;

  const load = () =>
    whileLoading(
      body,
      () => guarded(() => get(`/v1/profiles/${id}/consents`, {}, signal)),
      (/** @type {PersonConsents} */ found) => show(found),
    );

  /** @param {PersonConsents} found */
  function show({ decisions, paused_until: paused, stopped_at: stopped, addresses }) {
    const isPaused = paused && new Date(paused) > new Date();
    return [
      stopped &&
        h(
          'p',
          { class: 'notice' },
          `Stopped all marketing on ${moment(stopped)}. Only what they agreed to later counts.`,
        ),
      isPaused && h('p', { class: 'notice' }, `Wants no marketing until ${moment(paused)}.`),
      decisions.length
        ? h(
            'table',
            { class: 'consent-grid', 'data-testid': 'consent-grid' },
            head(),
            h('tbody', null, decisions.map(row)),
          )
        : h('p', { class: 'quiet' }, 'They have decided nothing yet: no marketing by any channel.'),
      addresses.length > 0 && h('ul', { class: 'ids', 'data-testid': 'addresses' }, addresses.map(address)),
      h(
        'div',
        { class: 'page-tools' },
        all && tool('Withdraw all marketing…', 'consent-stop', stopAll),
        all && tool('Link to their choices…', 'preference-link', makeLink),
      ),
    ];
  }

  const head = () =>
    h(
      'thead',
      { class: 'visually-hidden' },
      h(
        'tr',
        null,
        ['What for and how', 'Decided', 'Change'].map((words) => h('th', { scope: 'col' }, words)),
      ),
    );

  /** @param {Decision} decision */
  function row(decision) {
    const { channel, purpose, store_id: storeId, state, source, text_version: version, at } = decision;
    const stated = /** @type {Record<string, string>} */ (CONSENT_STATES)[state] ?? state;
    const can = state === 'subscribed' || state === 'pending';
    return h(
      'tr',
      { 'data-testid': 'consent-row' },
      h(
        'td',
        null,
        h('strong', null, `${purpose} by ${channelText(channel)}`),
        h(
          'span',
          { class: 'quiet breaks consent-about' },
          `${whose(storeId)} · ${source}${version ? `, text ${version}` : ''} · ${moment(at)}`,
        ),
      ),
      h('td', null, pill(stated, tone(state))),
      h(
        'td',
        null,
        can &&
          h(
            'button',
            {
              type: 'button',
              class: 'button button-small',
              'data-testid': 'consent-withdraw',
              'aria-label': `Withdraw ${purpose} by ${channelText(channel)}, ${whose(storeId)}`,
              on: { click: () => withdraw(decision) },
            },
            'Withdraw',
          ),
      ),
    );
  }

  /** @param {PersonConsents['addresses'][0]} one */
  function address({ identifier_id: address_id, kind, points }) {
    const value = profile.ids.find((known) => known.id === address_id)?.value ?? '';
    return h(
      'li',
      null,
      h(
        'p',
        { class: 'row-title' },
        h('span', { class: 'quiet' }, idKind(kind)),
        h('strong', { class: 'breaks' }, value),
      ),
      h(
        'p',
        { class: 'row-title' },
        points.length
          ? points.map(({ channel, state }) => pill(`${channelText(channel)}: ${pointText(state)}`, pointTone(state)))
          : pill('not proven: nothing is sent there', 'warn'),
      ),
    );
  }

  /** @param {Decision} decision */
  async function withdraw({ channel, purpose, store_id }) {
    const answer = await ask({
      title: `Withdraw ${purpose} by ${channelText(channel)}?`,
      testid: 'withdraw-dialog',
      body: h(
        'p',
        null,
        `Nothing of ${whose(store_id)} goes to them by ${channelText(channel)} for this purpose any more, waiting messages included, until they agree again.`,
      ),
      actions: [
        { label: 'Leave it', value: '' },
        { label: 'Withdraw', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    const body = {
      decisions: [{ channel, purpose, store_id, state: 'unsubscribed' }],
      text_version: WORDS,
      source: SOURCE,
    };
    await change(() => call('PUT', `/v1/profiles/${id}/consents`, { body }), 'It is withdrawn.');
  }

  async function stopAll() {
    const answer = await ask({
      title: 'Withdraw all marketing?',
      testid: 'stop-marketing-dialog',
      body: h(
        'p',
        null,
        'No marketing by any channel, from any store, until they agree again. Order confirmations and the like still go out.',
      ),
      actions: [
        { label: 'Leave it', value: '' },
        { label: 'Withdraw all', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (answer)
      await change(
        () => post(`/v1/profiles/${id}/stop`, { everything: true, source: SOURCE }),
        'All marketing is withdrawn.',
      );
  }

  async function makeLink() {
    try {
      const { url, expires_at } = await guarded(() => post(`/v1/profiles/${id}/preference-link`, {}));
      const field = h('input', {
        type: 'text',
        readonly: true,
        value: url,
        'aria-label': 'The link',
        'data-testid': 'link-url',
      });
      field.addEventListener('focus', () => field.select());
      await ask({
        title: 'Their preference page',
        testid: 'link-dialog',
        body: [
          h(
            'p',
            null,
            'Send them this link yourself: nothing is sent from here yet. Whoever has it is taken for them.',
          ),
          field,
          h(
            'p',
            { class: 'quiet' },
            `They choose what they get, take their data along or erase themselves. It works until ${moment(expires_at)}.`,
          ),
        ],
        actions: [{ label: 'Done', value: '' }],
      });
    } catch (failed) {
      if (!(failed instanceof DOMException)) context.toast(explain(failed), { tone: 'bad' });
    }
  }

  /** @param {() => Promise<unknown>} work @param {string} said */
  async function change(work, said) {
    try {
      await guarded(work);
      context.toast(said);
      await load();
      changed();
    } catch (failed) {
      if (!(failed instanceof DOMException)) context.toast(explain(failed), { tone: 'bad' });
    }
  }

  load();
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'consents-title', 'data-testid': 'consents' },
    h('h2', { id: 'consents-title' }, 'How they may be reached'),
    body,
  );
}

/** @param {string} words @param {string} testid @param {() => void} click */
const tool = (words, testid, click) =>
  h('button', { type: 'button', class: 'button button-small', 'data-testid': testid, on: { click } }, words);
