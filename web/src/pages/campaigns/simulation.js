/** What a campaign would have done in the last month, as it is written now. */
import { post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { explain, loading } from '../../ui/widgets.js';
import { reasonBars } from './words.js';

/** @import {Campaign, Simulation} from '../../types' */

const DAYS = 30;
/** How somebody's way ended. @type {Record<string, string>} */
const ENDS = {
  finished: 'came to the end',
  bought: 'bought and left',
  still_in: 'are still in it',
  left_segment: 'left the segment',
  event: 'did what ends it',
  campaign_over: 'saw the campaign end',
  merged: 'turned out to be somebody else who is in it',
};

/** @param {Campaign} campaign */
export function simulation({ id }) {
  const result = h('div', { class: 'stack', role: 'status', 'data-testid': 'simulation' });
  const button = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'simulate', on: { click: run } },
    `Try it on the last ${DAYS} days`,
  );

  async function run() {
    button.disabled = true;
    fill(result, loading('Going through what happened …'));
    try {
      fill(result, shown(await post(`/v1/campaigns/${id}/simulate`, { days: DAYS })));
    } catch (error) {
      fill(result, h('p', { class: 'form-error', role: 'alert' }, explain(error)));
    }
    button.disabled = false;
  }

  return h(
    'section',
    { class: 'card' },
    h('h2', null, 'What it would have done'),
    h('p', { class: 'quiet' }, 'With what people really did. Nothing is sent, nothing is written.'),
    h('p', null, button),
    result,
  );
}

/** @param {Simulation} found */
function shown(found) {
  const ends = Object.entries(found.ended).map(
    ([how, count]) => `${number(count)} ${ENDS[how] ?? how.replaceAll('_', ' ')}`,
  );
  return [
    !found.is_whole && h('p', { class: 'notice' }, 'There were so many people that only some of them were tried.'),
    h(
      'dl',
      { class: 'numbers' },
      h('div', null, h('dt', null, 'came in'), h('dd', null, few(found.entered))),
      h('div', null, h('dt', null, 'people'), h('dd', null, few(found.people))),
    ),
    found.steps.map((step) =>
      h(
        'div',
        { class: 'stack', 'data-testid': 'simulated-step' },
        h('h3', { class: 'breaks' }, step.title),
        h('p', null, `${few(step.messages)} messages to ${few(step.people)} people`),
        Object.keys(step.skipped).length > 0 && reasonBars(Object.entries(step.skipped)),
      ),
    ),
    ends.length > 0 && h('p', { class: 'quiet' }, `Of their ways ${ends.join(', ')}.`),
    found.notes.length > 0 && h('p', { class: 'quiet' }, found.notes.join(' ')),
  ];
}

/** @param {number | null} count */
const few = (count) => (count === null ? 'fewer than 10' : number(count));
