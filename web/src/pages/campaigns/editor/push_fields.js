/**
 * The folded part "How it looks on the phone" of a campaign's form: picture, link, sound, and what Android and iOS do with
 * it. What is left empty is as usual.
 */
import { fill, h } from '../../../ui/dom.js';
import { selectField, textField } from '../../../ui/fields.js';
import { icon } from '../../../ui/icons.js';

/** @import {PushOptions} from '../../../types' */
/** @import {Field} from '../../../ui/fields.js' */

/** @type {[string, string][]} */
const LEVELS = [
  ['', 'As usual: with sound, unless a Focus holds it back'],
  ['passive', 'Quietly into the list'],
  ['time-sensitive', 'Through a Focus too (the app needs the entitlement)'],
];
/** @type {[string, string][]} */
const PRIORITIES = [
  ['', 'At once'],
  ['normal', 'May wait while the phone sleeps'],
];

/** @param {PushOptions | null | undefined} push */
export function pushFields(push) {
  const { android = {}, apns = {} } = push ?? {};
  const picture = textField(
    'Picture',
    { type: 'url', value: push?.image_url ?? '', placeholder: 'https://…', maxlength: 2000 },
    { testid: 'push-image', hint: 'At most 1 MB; phones fetch it themselves.' },
  );
  const link = textField(
    'A tap opens',
    { value: push?.link ?? '', placeholder: 'https://… or myshop://offer/7', maxlength: 2000, spellcheck: 'false' },
    { testid: 'push-link' },
  );
  const channel = textField(
    'Channel',
    { value: android.channel_id ?? '', placeholder: 'the app’s default', spellcheck: 'false' },
    { testid: 'push-channel', hint: 'It must exist in the app.' },
  );
  const sound = textField(
    'Sound',
    { value: android.sound ?? '', placeholder: 'the channel’s', spellcheck: 'false' },
    { testid: 'push-android-sound' },
  );
  const priority = selectField('Delivery', PRIORITIES, android.priority === 'normal' ? 'normal' : '', {
    testid: 'push-priority',
  });
  const appleSound = textField(
    'Sound',
    { value: apns.sound ?? '', placeholder: 'the usual one', spellcheck: 'false' },
    { testid: 'push-apns-sound' },
  );
  const level = selectField(
    'Interrupts',
    LEVELS,
    LEVELS.some(([key]) => key === apns.interruption_level) ? (apns.interruption_level ?? '') : '',
    { testid: 'push-interruption' },
  );
  const thread = textField(
    'Group',
    { value: apns.thread_id ?? '', placeholder: 'by app', spellcheck: 'false' },
    { testid: 'push-thread' },
  );
  /** @param {Field} field */
  const text = ({ input }) => input.value.trim() || null;

  const node = h(
    'details',
    { class: 'section', open: isUnusual(push), 'data-testid': 'push-options' },
    h('summary', null, 'How it looks on the phone'),
    h(
      'div',
      { class: 'push-options' },
      picture.node,
      link.node,
      group('Android', [h('div', { class: 'field-pair' }, channel.node, sound.node), priority.node]),
      group('iPhone', [h('div', { class: 'field-pair' }, appleSound.node, thread.node), level.node]),
    ),
  );

  /** @returns {PushOptions} */
  function read() {
    return {
      image_url: text(picture),
      link: text(link),
      android: { channel_id: text(channel), sound: text(sound), priority: text(priority) },
      apns: { sound: text(appleSound), interruption_level: text(level), thread_id: text(thread) },
    };
  }

  return {
    node,
    read,
    /** Where complaints about it are shown; the fold opens for them. @type {[string, {setError: (text: string | null) => void}][]} */
    targets: /** @type {[string, Field][]} */ ([
      ['/push/image_url', picture],
      ['/push/link', link],
      ['/push/android/channel_id', channel],
      ['/push/android/sound', sound],
      ['/push/android/priority', priority],
      ['/push/apns/sound', appleSound],
      ['/push/apns/interruption_level', level],
      ['/push/apns/thread_id', thread],
    ]).map(([path, field]) => [
      path,
      {
        setError(/** @type {string | null} */ words) {
          field.setError(words);
          if (words) node.open = true;
        },
      },
    ]),
  };
}

/** @param {string} legend @param {Node[]} parts */
const group = (legend, parts) => h('fieldset', { class: 'push-group' }, h('legend', null, legend), parts);

/** @param {PushOptions | null | undefined} push */
const isUnusual = (push) =>
  Boolean(
    push &&
    [push.image_url, push.link, ...Object.values(push.android ?? {}), ...Object.values(push.apns ?? {})].some(Boolean),
  );

/**
 * What the preview shows of it below the words: that there is a picture (the console loads nothing from other hosts), and
 * where a tap leads.
 * @param {PushOptions} push
 */
export function pushExtras({ image_url, link, apns }) {
  const place = h('div', { class: 'push-extras', 'data-testid': 'push-extras' });
  fill(
    place,
    image_url && h('p', { class: 'push-picture' }, icon('picture', 20), `Picture from ${hostOf(image_url)}`),
    link && h('p', null, icon('next', 14), `Opens ${link}`),
    apns?.interruption_level === 'passive' && h('p', null, icon('eyeOff', 14), 'Without a sound on iPhones'),
  );
  return place.childElementCount ? place : null;
}

/** @param {string} url */
function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return 'an address that is not finished';
  }
}
