/** A new endpoint, or changes to one. A new one's secret is shown here, once. */
import { ApiError, call, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { checkField, chips, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { secretCard } from './secret.js';
import { TYPES } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Webhook} from './words.js' */

/** @param {{context: Context, stores: Store[], webhook: Webhook | null}} options */
export function webhookForm({ context, stores, webhook }) {
  const back = webhook ? `/webhooks?id=${webhook.id}` : '/webhooks';
  const name = textField(
    'Name',
    { value: webhook?.name ?? '', maxlength: 200, required: true, placeholder: 'CRM' },
    { testid: 'webhook-name' },
  );
  const url = textField(
    'Address',
    {
      type: 'url',
      value: webhook?.url ?? '',
      maxlength: 2000,
      required: true,
      placeholder: 'https://hooks.example.com/geoengage',
    },
    { testid: 'webhook-url', hint: 'https, on the open internet. Redirects are not followed.' },
  );
  const groups = TYPES.map(([legend, choices]) => chips(legend, choices, webhook?.types ?? [], { testid: 'types' }));
  const store = selectField(
    'Events of',
    [
      ['', `all of ${context.me.tenant.name}`],
      ...stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name])),
    ],
    webhook?.store_ids?.[0] ?? '',
    { testid: 'webhook-store', hint: severalStores(webhook) },
  );
  const people = checkField('Knows people', webhook?.with_people ?? false, {
    testid: 'webhook-people',
    hint: 'Events then carry device ids, your own customer ids and the words of messages; else a pseudonym that changes daily.',
  });
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h(
    'button',
    { type: 'submit', class: 'button button-primary', 'data-testid': 'webhook-save' },
    webhook ? 'Save' : 'Add the endpoint',
  );
  const once = newKey();

  /** Several stores are set over the API; the form leaves them as they are unless another is chosen. */
  function chosenStores() {
    const kept = webhook?.store_ids ?? null;
    if (kept && store.input.value === kept[0]) return kept;
    return store.input.value ? [store.input.value] : null;
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    [name, url, store].forEach((field) => field.setError(null));
    error.hidden = true;
    const body = {
      name: name.input.value.trim(),
      url: url.input.value.trim(),
      types: groups.flatMap((group) => group.values()),
      store_ids: chosenStores(),
      ...(may(context.me, 'people') ? { with_people: people.box.checked } : {}),
    };
    save.disabled = true;
    try {
      if (webhook) {
        await call('PATCH', `/v1/webhooks/${webhook.id}`, { body, etag: `"v${webhook.version}"` });
        context.toast(`“${body.name}” is saved.`);
        context.navigate(back);
      } else {
        const { data } = await call('POST', '/v1/webhooks', { body, once });
        fill(node, secretCard({ context, secret: data.secret, webhook: data, isNew: true }));
        node.querySelector('h1')?.focus();
      }
    } catch (failure) {
      save.disabled = false;
      complain(failure);
    }
  }

  /** @param {unknown} failure */
  function complain(failure) {
    const errors = failure instanceof ApiError ? failure.errors : [];
    const fields = /** @type {const} */ ([
      ['#/name', name],
      ['#/url', url],
      ['#/store_ids', store],
    ]);
    const about = fields.filter(([pointer, field]) => {
      const found = errors.find((item) => item.pointer?.startsWith(pointer));
      if (found) field.setError(found.detail);
      return found;
    });
    if (about.length) return about[0][1].input.focus();
    fill(error, explain(failure));
    error.hidden = false;
  }

  const node = h(
    'div',
    { class: 'stack' },
    h('a', { class: 'back-link', href: back }, icon('back', 16), webhook?.name ?? 'Webhooks'),
    h('header', { class: 'page-head' }, h('h1', null, webhook ? `Edit ${webhook.name}` : 'New endpoint')),
    h(
      'form',
      { class: 'card webhook-form', novalidate: true, 'data-testid': 'webhook-form', on: { submit: send } },
      h('div', { class: 'field-pair' }, name.node, url.node),
      h(
        'fieldset',
        { class: 'bare-group' },
        h('legend', null, 'What it hears of'),
        h('p', { class: 'field-hint' }, 'Nothing chosen means everything, also what is added later.'),
        groups.map((group) => group.node),
      ),
      store.node,
      may(context.me, 'people') && people.node,
      error,
      h(
        'div',
        { class: 'page-tools' },
        save,
        h('a', { class: 'button button-quiet', href: back, 'data-testid': 'webhook-cancel' }, 'Cancel'),
      ),
    ),
  );
  return node;
}

/** @param {Webhook | null} webhook */
function severalStores(webhook) {
  const more = (webhook?.store_ids?.length ?? 1) - 1;
  return more > 0
    ? `and of ${more} more ${more === 1 ? 'store' : 'stores'}, which stay unless you choose another`
    : null;
}
