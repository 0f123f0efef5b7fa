/** Numbers of metrics in words. Pure. */
import { money, number } from '../../ui/format.js';

/** @import {MetricBefore, MetricFigure, MetricUnit} from '../../types' */

const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'short', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
export const NOT_TOLD = 'not told';

/** @param {number | null} value @param {MetricUnit} unit @param {string | null} currency */
export function figureText(value, unit, currency) {
  if (value === null) return '–';
  switch (unit) {
    case 'share':
      return percent(value);
    case 'money':
      return money(Math.round(value), currency);
    case 'days':
      return `${value.toLocaleString('en-GB', { maximumFractionDigits: 1 })} days`;
    case 'orders_per_customer':
      return value.toLocaleString('en-GB', { maximumFractionDigits: 2 });
    default:
      return number(Math.round(value));
  }
}

/** `43 %`, `4.3 %` @param {number} share */
export const percent = (share) =>
  `${(100 * share).toLocaleString('en-GB', { maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0 })} %`;

/** `+12 % against a year before` @param {MetricBefore} before @param {string} words */
export function changeText({ change }, words) {
  if (change === null) return `nothing to compare with ${words}`;
  const sign = change > 0 ? '+' : change < 0 ? '−' : '±';
  return `${sign}${percent(Math.abs(change))} against ${words}`;
}

/** Whether a change is the way a shop wants it. @param {number | null} change @param {'up' | 'down'} better */
export function changeTone(change, better) {
  if (!change || Math.abs(change) < 0.005) return 'quiet';
  return change > 0 === (better === 'up') ? 'good' : 'bad';
}

/** The name of a step: a month's, or the day on which it begins. @param {string} from @param {string} step */
export function stepName(from, step) {
  const at = new Date(`${from}T00:00:00Z`);
  return (step === 'month' ? MONTH : DAY).format(at);
}

/** @param {MetricFigure} point @param {MetricUnit} unit @param {string | null} currency */
export function pointText(point, unit, currency) {
  if (point.hidden) return `${NOT_TOLD}: ${point.hidden}`;
  const range =
    point.low === null
      ? ''
      : ` (${figureText(point.low, unit, currency)} to ${figureText(point.high, unit, currency)})`;
  return `${figureText(point.value, unit, currency)}${range}${point.complete ? '' : ', not over yet'}`;
}
