/** A secret that was just made: the one time that it is on a page. */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @import {Context} from '../../types' */
/** @import {Webhook} from './words.js' */

/**
 * @param {{context: Context, secret: string | null, webhook: Pick<Webhook, 'id' | 'name'>, isNew: boolean, until?: string | null}} options
 *   `until`: until when the secret before it signs too, in words
 */
export function secretCard({ context, secret, webhook, isNew, until = null }) {
  const value = h('output', { class: 'webhook-secret', 'data-testid': 'webhook-secret' }, secret ?? '');
  async function copy() {
    try {
      // only https and localhost have the clipboard
      await navigator.clipboard.writeText(secret ?? '');
      context.toast('The secret is copied.');
    } catch {
      window.getSelection()?.selectAllChildren(value);
      context.toast('It is selected: copy it with Ctrl+C.');
    }
  }
  return h(
    'section',
    { class: 'card', 'data-testid': 'secret-card' },
    h(isNew ? 'h1' : 'h2', { tabindex: -1 }, isNew ? `${webhook.name} is added` : 'The new secret'),
    secret
      ? [
          h(
            'p',
            null,
            'Its receiver verifies with this secret that requests come from here. It is shown ',
            h('strong', null, 'this once'),
            '.',
          ),
          value,
          h(
            'div',
            { class: 'page-tools' },
            h(
              'button',
              { type: 'button', class: 'button button-primary', 'data-testid': 'copy-secret', on: { click: copy } },
              icon('copy', 18),
              'Copy',
            ),
            isNew &&
              h(
                'a',
                { class: 'button', href: `/webhooks?id=${webhook.id}`, 'data-testid': 'to-webhook' },
                'To the endpoint',
              ),
          ),
          until &&
            h(
              'p',
              { class: 'quiet' },
              `Until ${until} requests are signed with the old one as well, so that the receiver can change over.`,
            ),
        ]
      : h(
          'p',
          null,
          'It was added before this answer arrived, so its secret cannot be shown. Rotate it on the endpoint’s page.',
        ),
  );
}
