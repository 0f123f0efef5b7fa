/** An app's web page for shoppers: made, linked, shown as a QR code, closed; and whether web push is on. */
import { call, get, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { checkField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { qrCode } from '../../ui/qr.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { button } from './firebase.js';

/** @import {App, Context} from '../../types' */

/** @param {{app: App, context: Context, onChanged: () => void}} options */
export function shopperSection({ app, context, onChanged }) {
  const path = `/v1/apps/${app.id}/shopper-page`;
  const body = h('div', { class: 'app-part-body' });
  const state = h('span', { 'data-testid': 'shopper-state' });
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const node = h(
    'section',
    { class: 'app-part', 'data-testid': 'shopper-page' },
    h('div', { class: 'app-part-head' }, h('h3', null, 'Shopper page'), state),
    body,
    error,
  );

  /** @param {string | null} url */
  function show(url) {
    error.hidden = true;
    fill(state, pill(url ? 'open' : 'not made', url ? 'ok' : 'quiet'));
    fill(body, url ? opened(url) : offer());
  }

  function offer() {
    const test = checkField('Its visitors are test devices', context.me.tenant.is_demo, {
      testid: 'shopper-test',
      hint: 'Seen on the map and in the inbox, not counted in reports.',
    });
    return [
      h(
        'p',
        { class: 'quiet' },
        'A small web page that takes part without any app from a store: it asks for consent, tells where it is, shows the inbox.',
      ),
      test.node,
      h(
        'div',
        { class: 'tool-row' },
        button('Make the page', 'shopper-make', 'button-primary', () =>
          run(async () => {
            const { url } = await post(path, { is_test: test.box.checked });
            show(url);
            onChanged();
            context.announce('The shopper page is open.');
            focus('shopper-copy');
          }),
        ),
      ),
    ];
  }

  /** @param {string} url */
  function opened(url) {
    const { hostname } = new URL(url);
    const isLocal = hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
    const web = h('p', { class: 'quiet', 'data-testid': 'web-push' });
    tellWebPush(web);
    return [
      h(
        'div',
        { class: 'shopper-open' },
        qrCode(url, `QR code of ${url}`),
        h(
          'div',
          { class: 'shopper-text' },
          h('a', { href: url, target: '_blank', rel: 'noopener', class: 'breaks', 'data-testid': 'shopper-link' }, url),
          isLocal &&
            h(
              'p',
              { class: 'note note-warn' },
              'This address is this computer itself: a phone cannot open it. Use “Connect a phone”, or set GEOENGAGE_PUBLIC_URL.',
            ),
          web,
        ),
      ),
      h(
        'div',
        { class: 'tool-row' },
        button([icon('copy', 16), 'Copy the link'], 'shopper-copy', 'button-small', () => copy(url)),
        button([icon('trash', 16), 'Close the page'], 'shopper-revoke', 'button-small button-danger', revoke),
      ),
    ];
  }

  /** @param {HTMLElement} place */
  async function tellWebPush(place) {
    const found = await get('/shopper/app.json', { app: app.id }).catch(() => null);
    if (!found) return;
    fill(
      place,
      h('strong', null, found.vapid_public_key ? 'Web push is on. ' : 'Web push is off. '),
      found.vapid_public_key
        ? 'Browsers that allow it get messages also while the page is closed.'
        : 'This server has no key for it: messages are in the page’s inbox only.',
    );
  }

  /** @param {string} url */
  async function copy(url) {
    try {
      await navigator.clipboard.writeText(url);
      context.toast('The link is copied.');
    } catch {
      context.toast('The browser does not allow copying: mark the link and copy it by hand.', { tone: 'warn' });
    }
  }

  async function revoke() {
    const answer = await ask({
      title: `Close the shopper page of ${app.name}?`,
      testid: 'shopper-revoke-dialog',
      body: h(
        'p',
        null,
        'Its link and QR codes stop working for new visitors, printed ones too. Who takes part already stays.',
      ),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Close the page', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    await run(async () => {
      await call('DELETE', path);
      show(null);
      onChanged();
      context.announce('The shopper page is closed.');
      focus('shopper-make');
    });
  }

  /** @param {string} testid */
  const focus = (testid) => /** @type {HTMLElement | null} */ (body.querySelector(`[data-testid=${testid}]`))?.focus();

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

  show(app.shopper_page ? `${window.location.origin}/shopper/?app=${app.id}` : null);
  return node;
}
