/** Recipes in words: their states, whom they reach, what they cost. */
import { money, number } from '../../ui/format.js';

/**
 * @typedef {{name: string, label: string, kind: string, default: any, hint: string}} Parameter
 * @typedef {{id: string, recipe: string, state: string, campaign_id: string | null, store_id: string | null,
 *   content_id: string | null, settings: Record<string, any>, launched_at: string, launched_by: string}} Launch
 * @typedef {{recipe: string, name: string, about: string, parameters: Parameter[], state: string, launches: Launch[]}} Recipe
 * @typedef {{code: string, text: string, link: string, stops: boolean, people: number | null}} Block
 * @typedef {{currency: string | null, messages_minor: number | null, incentives_most_minor: number | null,
 *   incentives_expected_minor: number | null}} Cost
 * @typedef {{whom: string, people: number | null, by_push: number | null, by_whatsapp: number | null,
 *   by_viber: number | null, by_sms: number | null, by_email: number | null, held_back: number | null,
 *   cost: Cost, blocked_by: Block[], says: string[]}} Preview
 */

/** @type {Record<string, {text: string, tone: string}>} */
const STATES = {
  off: { text: 'off', tone: 'quiet' },
  on: { text: 'on', tone: 'ok' },
  in_review: { text: 'waits for approval', tone: 'warn' },
  stopped: { text: 'stopped', tone: 'warn' },
  finished: { text: 'over', tone: 'quiet' },
};
/** @param {string} state */
export const stateOf = (state) => STATES[state] ?? { text: state, tone: 'quiet' };

/** @type {Record<string, string>} a picture's icon */
export const PICTURES = {
  'win-back': 'undo',
  'first-purchase': 'user',
  'second-item': 'offer',
  'abandoned-cart': 'bag',
  'mall-zones': 'pin',
  'parents-viber': 'messages',
  'fresh-weekend': 'bag',
  essentials: 'cart',
  inactivity: 'pause',
  'late-night': 'clock',
};

/** The number of people, large, and the sentence that it belongs to. @param {Preview} preview */
export function peopleText({ people, whom, held_back: held, ...by }) {
  if (people === null) return { many: 'fewer than ten', rest: whom };
  const ways = [
    by.by_push ? `${number(by.by_push)} by push` : '',
    by.by_whatsapp ? `${number(by.by_whatsapp)} by WhatsApp` : '',
    by.by_viber ? `${number(by.by_viber)} in Viber` : '',
    by.by_sms ? `${number(by.by_sms)} by SMS` : '',
    by.by_email ? `${number(by.by_email)} by e-mail` : '',
    held ? `${number(held)} of them ${held === 1 ? 'gets' : 'get'} nothing, to compare with` : '',
  ].filter(Boolean);
  return { many: number(people), rest: `${whom}${ways.length ? `: ${ways.join(', ')}` : ''}` };
}

/** @param {Preview} preview */
export function costTexts({ people, cost }) {
  const { currency, messages_minor: messages, incentives_most_minor: most, incentives_expected_minor: expected } = cost;
  if (people === null) return { much: '–', rest: 'not told of so few people' };
  const offers =
    most === null
      ? 'offers: not known, for the average order is not'
      : most === 0
        ? 'no offers'
        : `offers ${money(most, currency)} if everybody uses theirs${
            expected === null ? '' : `, about ${money(expected, currency)} by those so far`
          }`;
  const sends =
    messages === null ? 'messages: not known' : `messages ${currency ? money(messages, currency) : 'cost nothing'}`;
  const known = messages !== null && most !== null && currency;
  return { much: known ? `at most ${money(messages + most, currency)}` : '–', rest: `${sends}; ${offers}` };
}
