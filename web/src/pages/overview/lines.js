/** The sentences of the first screen, in groups, each with its buttons. */
import { h } from '../../ui/dom.js';
import { pill } from '../../ui/widgets.js';
import { actions } from './actions.js';
import { changeWords, GROUPS, lateWords, TONES } from './words.js';

/** @import {Context, FirstScreen, OverviewLine} from '../../types' */
/** @typedef {{context: Context, signal: AbortSignal, reload: () => void}} Options */

/** @param {FirstScreen} overview @param {Options} options */
export function groups(overview, options) {
  return GROUPS.map(([group, title]) =>
    h(
      'section',
      { class: 'card overview-group', 'aria-label': title, 'data-testid': `overview-${group}` },
      h('h2', null, title),
      h(
        'ul',
        { class: 'overview-lines' },
        overview.items.filter((item) => item.group === group).map((item) => line(item, overview.through, options)),
      ),
    ),
  );
}

/** @param {OverviewLine} item @param {string} through @param {Options} options */
function line(item, through, options) {
  const [look, words] = TONES[item.tone];
  const late = item.hidden ? null : lateWords(item, through);
  const change = item.change === null || item.tone === 'steady' ? null : changeWords(item.change);
  return h(
    'li',
    { class: `overview-line tone-${item.tone}`, 'data-testid': `line-${item.metric}` },
    h(
      'div',
      { class: 'overview-words' },
      h('p', { class: 'overview-text' }, item.text, item.money_text && [' ', h('strong', null, item.money_text)]),
      h(
        'p',
        { class: 'quiet overview-notes' },
        item.value !== null && pill(change ? `${words}: ${change}` : words, look),
        item.alert_id && pill('unusual', 'warn'),
        late && h('span', null, late),
      ),
    ),
    item.button && actions(item.button, item.alert_id, options),
  );
}
