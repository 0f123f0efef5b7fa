/** What is off its course now, what can be done with it, and on demand all that ever was. */
import { get, post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { day } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { explain, pill, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { actions } from './actions.js';

/** @import {MetricAlert} from '../../types' */
/** @import {Options} from './lines.js' */

const SNOOZE_DAYS = 7;
/** @type {Record<string, string>} */
const STATUS = { open: 'open', snoozed: 'put off', dismissed: 'dismissed', over: 'over' };

/** @param {Options} options */
export function alertList(options) {
  const list = h('div', null);
  const past = h('div', { hidden: true, 'data-testid': 'alert-history' });
  const more = h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'aria-expanded': 'false',
      'data-testid': 'show-history',
      on: { click: toggle },
    },
    'Earlier ones',
  );

  function toggle() {
    past.hidden = !past.hidden;
    more.setAttribute('aria-expanded', String(!past.hidden));
    if (past.hidden) return;
    whileLoading(
      past,
      () => get('/v1/alerts', { limit: 50 }, options.signal),
      ({ items }) => {
        const done = items.filter((/** @type {MetricAlert} */ { status }) => status !== 'open');
        if (done.length === 0) return h('p', { class: 'quiet' }, 'There has been none yet.');
        return h('ul', { class: 'overview-past' }, done.map(earlier));
      },
    );
  }

  whileLoading(
    list,
    () => get('/v1/alerts', { status: 'open' }, options.signal),
    ({ items }) =>
      items.length
        ? h(
            'ul',
            { class: 'overview-lines' },
            items.map((/** @type {MetricAlert} */ alert) => row(alert, options)),
          )
        : h('p', { class: 'quiet' }, 'Every metric is on its usual course.'),
  );
  return h(
    'section',
    { class: 'card overview-group', 'aria-label': 'Early warnings', 'data-testid': 'alerts' },
    h('div', { class: 'page-head' }, h('h2', null, 'Early warnings'), more),
    list,
    past,
  );
}

/** @param {MetricAlert} alert @param {Options} options */
function row(alert, options) {
  const { context, reload } = options;
  /** @param {string} what @param {Record<string, unknown>} body @param {string} said */
  async function decide(what, body, said) {
    try {
      await post(`/v1/alerts/${alert.id}/${what}`, body);
      context.toast(said);
      reload();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }
  const small = (/** @type {string} */ words, /** @type {string} */ testid, /** @type {() => void} */ click) =>
    h('button', { type: 'button', class: 'button button-small', 'data-testid': testid, on: { click } }, words);
  return h(
    'li',
    { class: `overview-line tone-${alert.is_good ? 'good' : 'bad'}`, 'data-testid': 'alert-row' },
    h(
      'div',
      { class: 'overview-words' },
      h(
        'p',
        { class: 'overview-text' },
        icon(alert.is_good ? 'check' : 'warning', 18),
        h('span', null, alert.text, alert.money_text && [' ', h('strong', null, alert.money_text)]),
      ),
      h(
        'p',
        { class: 'quiet overview-notes' },
        `Found ${day(alert.found_at)}`,
        may(context.me, 'segments') && [
          small(`Not for ${SNOOZE_DAYS} days`, 'snooze', () =>
            decide('snooze', { days: SNOOZE_DAYS }, `It comes back in ${SNOOZE_DAYS} days, if it is still so.`),
          ),
          small('Dismiss', 'dismiss', () => decide('dismiss', {}, 'Dismissed. It stays among the earlier ones.')),
        ],
      ),
    ),
    alert.button && actions(alert.button, alert.id, options),
  );
}

/** @param {MetricAlert} alert */
function earlier(alert) {
  const by = alert.decided_by && alert.status === 'dismissed' ? ` by ${alert.decided_by}` : '';
  return h(
    'li',
    { 'data-testid': 'alert-past' },
    h('span', { class: 'quiet' }, day(alert.found_at)),
    h('span', null, alert.text),
    pill(`${STATUS[alert.status]}${by}`, alert.status === 'open' ? 'warn' : 'quiet'),
  );
}
