/**
 * The words in which consent is asked, and their version. Change a word, and change the version here and in
 * geoengage/phones/rules/shopper.py: the server keeps it as proof of what was read. A test holds both together.
 */

export const TEXT_VERSION = 'shopper-2026-11';

/**
 * @param {string} app
 * @param {string} who
 */
export const intro = (app, who) =>
  `${app} shows you offers and news from the place where you are. It is run by ${who}, who answers for your data.`;

/** @type {(who: string) => {kind: import('./types').Kind, name: string, text: string}[]} */
export const choices = (who) => [
  {
    kind: 'location',
    name: 'My position',
    text:
      `While this page is open in front of you, it sends your position to ${who}, to know which place you are in.` +
      ' Positions are deleted after a few days. Without this, your position never leaves this phone.',
  },
  {
    kind: 'marketing_push',
    name: 'Offers as messages',
    text:
      `${who} may send you offers, in the inbox of this page and, if you allow it later, as notifications.` +
      ' Without this you get none.',
  },
  {
    kind: 'personalisation',
    name: 'Chosen for me',
    text:
      `Your visits and what ${who} knows of you may decide which offers you get.` +
      ' Without this you get what everybody gets.',
  },
];

export const rights =
  'Each answer is free, and counts until you change it: under “My data” you see what is stored, take it with you,' +
  ' take back each answer, or delete everything. What you leave open counts as no.';
