/**
 * What the page says, in the language of the browser or the one that was chosen: catalogues are JSON (`words/`), numbers,
 * money, days and plurals are the browser's own (Intl).
 */

import { digitsOf } from '../src/ui/decimals.js';

/** @import {Words} from './types' */

const KEPT = 'geoengage-shop-language';

/** @type {Record<string, {name: string, tag?: string, dir?: 'rtl', load: () => Promise<{default: any}>}>} */
export const LANGUAGES = {
  en: { name: 'English', load: () => import('./words/en.json') },
  ar: { name: 'العربية', dir: 'rtl', load: () => import('./words/ar.json') },
  sr: { name: 'Srpski', tag: 'sr-Latn', load: () => import('./words/sr.json') },
  ro: { name: 'Română', load: () => import('./words/ro.json') },
  lv: { name: 'Latviešu', load: () => import('./words/lv.json') },
  da: { name: 'Dansk', load: () => import('./words/da.json') },
};

/** @type {Words} */
let words = {};
let language = 'en';
let tag = 'en';
let plurals = new Intl.PluralRules('en');

export const current = () => language;

/** What was chosen before, else the first language of the browser that there is, else English. */
export function wanted() {
  const kept = localStorage.getItem(KEPT);
  const asked = [...(kept ? [kept] : []), ...navigator.languages].map((each) => each.split('-')[0].toLowerCase());
  return asked.find((each) => each in LANGUAGES) ?? 'en';
}

/** Speak a language from now on. @param {string} name */
export async function speak(name) {
  const { default: loaded } = await LANGUAGES[name].load();
  words = loaded;
  language = name;
  tag = LANGUAGES[name].tag ?? (navigator.languages.find((each) => each.split('-')[0].toLowerCase() === name) || name);
  plurals = new Intl.PluralRules(tag);
  document.documentElement.lang = LANGUAGES[name].tag ?? name;
  document.documentElement.dir = LANGUAGES[name].dir ?? 'ltr';
}

/** Remember a choice. @param {string} name */
export const keep = (name) => localStorage.setItem(KEPT, name);

/**
 * A text with its values put in; `n` chooses the plural and is written as numbers are.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const found = words[key] ?? key;
  const text = typeof found === 'string' ? found : (found[plurals.select(Number(values.n))] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === 'number' ? new Intl.NumberFormat(tag).format(value) : String(value ?? '');
  });
}

/**
 * What the service worker says while the page is closed, in the page's language: it can load no catalogue by itself.
 * `waiting`: by plural; `some`: where no number is known. See sw.js.
 */
export const forWorker = () => ({ tag, waiting: words['waiting'], some: words['waiting.some'], dir: document.dir });

/** Whether there is such a text. @param {string} key */
export const has = (key) => key in words;

/** @param {number} minor @param {string | null} currency */
export function money(minor, currency) {
  if (!currency) return '–';
  return formatOf(currency).format(minor / 10 ** digitsOf(currency));
}

/** @param {string} currency */
const formatOf = (currency) => new Intl.NumberFormat(tag, { style: 'currency', currency });

/** @param {number} whole */
export const number = (whole) => new Intl.NumberFormat(tag).format(whole);

/** @param {number} whole */
export const percent = (whole) => new Intl.NumberFormat(tag, { style: 'percent' }).format(whole / 100);

/** The name of a day, large at its beginning. @param {string} day YYYY-MM-DD */
export function weekday(day) {
  const name = new Intl.DateTimeFormat(tag, { weekday: 'long', timeZone: 'UTC' }).format(new Date(`${day}T12:00:00Z`));
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}

/** Day and time, short. @param {string} at */
export const moment = (at) =>
  new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' }).format(
    new Date(at),
  );

/** @param {string} moment */
export const date = (moment) =>
  new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'long' }).format(new Date(moment));
