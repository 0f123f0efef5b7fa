/** What WhatsApp, Viber and SMS need, and how their accounts are put. Pure. */

/** @typedef {import('./words.js').Sender & {id: string, channel: string, store_id: string | null, account: Record<string, any>, hook_url: string | null, verify_token: string | null}} PhoneSender an item of GET /v1/senders */
/** @typedef {{name: string, language: string, status: string, reason: string | null, changed_at: string}} Template */
/** @typedef {{name: string, label: string, hint?: string, secret?: boolean}} PhoneField */
/**
 * @typedef {object} PhoneChannel
 * @property {string} key
 * @property {string} name
 * @property {string} needs what one has to have first
 * @property {string} hook where the address belongs that the provider calls
 * @property {PhoneField[]} fields
 * @property {(given: Record<string, string>) => Record<string, unknown>} body of the PUT
 * @property {(account: Record<string, any>) => string} shown
 */

/** Without what was left empty: a secret that is there stays. @param {Record<string, string>} given */
const filled = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value));

/** @type {PhoneChannel[]} */
export const PHONE_CHANNELS = [
  {
    key: 'whatsapp',
    name: 'WhatsApp',
    needs:
      'A number of the WhatsApp Cloud API, the Meta app that it belongs to, and an approved template: whoever has not written for 24 hours gets only that.',
    hook: 'In the Meta app, under Webhooks:',
    fields: [
      { name: 'phone_number_id', label: 'Phone number id', hint: 'Digits, from Meta’s console; not the number.' },
      { name: 'business_account_id', label: 'Business account id' },
      { name: 'access_token', label: 'Access token', secret: true, hint: 'Of a system user. Left empty, it stays.' },
      { name: 'app_secret', label: 'App secret', secret: true, hint: 'Signs what Meta tells. Left empty, it stays.' },
      { name: 'templates', label: 'Template for marketing', hint: '{{1}} is the title of a message, {{2}} its text.' },
    ],
    body: ({ templates, ...rest }) => ({ ...filled(rest), templates: templates ? { marketing: templates } : {} }),
    shown: ({ phone_number_id, templates }) =>
      [`Number ${phone_number_id}`, templates?.marketing && `marketing by “${templates.marketing}”`]
        .filter(Boolean)
        .join(', '),
  },
  {
    key: 'viber',
    name: 'Viber',
    needs:
      'A Viber Business Messages sender at Infobip, approved by Viber: it reaches phone numbers. A Viber bot is another product, reaches only who opened its chat, and is not what belongs here.',
    hook: 'At Infobip, for inbound Viber messages:',
    fields: [
      { name: 'base', label: 'Base URL', hint: 'What stands before .api.infobip.com.' },
      { name: 'sender', label: 'Sender', hint: 'As Viber has approved it.' },
      { name: 'api_key', label: 'API key', secret: true, hint: 'Left empty, it stays.' },
    ],
    body: filled,
    shown: ({ sender, base }) => `${sender}, by ${base}.api.infobip.com`,
  },
  {
    key: 'sms',
    name: 'SMS',
    needs:
      'A Twilio account with a number, or a name of at most 11 letters where the country allows one; nobody can answer a name.',
    hook: 'At Twilio, on the number, under “A message comes in”:',
    fields: [
      { name: 'account_sid', label: 'Account SID', hint: 'AC…' },
      { name: 'auth_token', label: 'Auth token', secret: true, hint: 'Signs what Twilio tells. Left empty, it stays.' },
      { name: 'sender', label: 'Sender', hint: '+41…, or a name.' },
      { name: 'messaging_service_sid', label: 'Messaging service SID', hint: 'MG…, in place of a sender.' },
    ],
    body: filled,
    shown: ({ sender, messaging_service_sid }) => sender ?? messaging_service_sid,
  },
];

/** @param {string} status */
export const templateTone = (status) =>
  status === 'approved' ? 'ok' : status === 'pending' ? 'quiet' : status === 'deleted' ? 'quiet' : 'bad';
