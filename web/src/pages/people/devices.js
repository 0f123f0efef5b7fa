/** The phones and browsers that are proven to be a person's, and what each may tell and show. */
import { h } from '../../ui/dom.js';
import { moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { pill } from '../../ui/widgets.js';

/** @import {PersonDevice} from '../../types' */
/** @import {Person} from './person.js' */

/** @type {Record<string, string>} */
const PLATFORMS = { ios: 'iPhone or iPad', android: 'Android phone', web: 'Browser' };
/** @type {Record<string, string>} */
const CONSENTS = { location: 'location', marketing_push: 'marketing pushes', personalisation: 'personalisation' };
/** @type {Record<string, string>} */
const SAID = { granted: 'agreed', denied: 'refused', unknown: 'not asked' };

/** @param {Person} person */
export function devicesCard({ profile: { devices } }) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'devices-title', 'data-testid': 'devices' },
    h('h2', { id: 'devices-title' }, 'Devices'),
    devices.length
      ? h('ul', { class: 'ids' }, devices.map(row))
      : h('p', { class: 'quiet' }, 'No app of yours is linked.'),
  );
}

/** @param {PersonDevice} device */
function row(device) {
  const reach = !device.push ? 'no push address' : device.push.retired ? 'push address is no longer good' : null;
  return h(
    'li',
    null,
    h(
      'p',
      { class: 'row-title' },
      icon('phone', 16),
      h('strong', null, PLATFORMS[device.platform] ?? device.platform),
      device.is_test && pill('test', 'info'),
      reach ? pill(reach, 'warn') : pill('reached by push', 'ok'),
    ),
    h(
      'p',
      { class: 'quiet' },
      Object.entries(CONSENTS)
        .map(([kind, words]) => `${words}: ${SAID[device.consents[kind]] ?? device.consents[kind]}`)
        .join(' · '),
    ),
    h('p', { class: 'quiet breaks' }, `since ${moment(device.created_at)} · ${device.device_id}`),
  );
}
