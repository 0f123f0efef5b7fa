/** Every metric over time: its value, how it changed, a bar a step, and what it means. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { whileLoading } from '../../ui/widgets.js';
import { standingBars } from '../footfall/charts.js';
import { changeText, changeTone, figureText, pointText, stepName } from './words.js';

/** @import {MetricDefinition, MetricHistory} from '../../types' */
/** @import {Asked} from './index.js' */

const BARS = 24; // more of them are a smear

/** @param {Asked} asked @returns {Promise<Node>} */
export async function trends({ query, csvLink, signal }) {
  const { items } = await get('/v1/metrics', {}, signal);
  const grid = h('div', { class: 'metric-grid', 'data-testid': 'trends' });
  fill(
    grid,
    items.map((/** @type {MetricDefinition} */ metric) => {
      const path = `/v1/metrics/${metric.name}`;
      const body = h('div', { class: 'stack' });
      void whileLoading(
        body,
        () => get(path, query, signal),
        (history) => shown(history, csvLink(path, query)),
      );
      return h(
        'section',
        { class: 'card metric-card', 'aria-label': metric.label, 'data-testid': `metric-${metric.name}` },
        h('h2', null, metric.label),
        body,
      );
    }),
  );
  return grid;
}

/** @param {MetricHistory} history @param {Node} csv */
function shown(history, csv) {
  const { unit, currency, better, previous, year_ago: yearAgo, step } = history;
  const points = history.points.slice(-BARS);
  return [
    h('p', { class: 'metric-value' }, history.hidden ?? figureText(history.value, unit, currency)),
    h(
      'ul',
      { class: 'metric-changes' },
      [/** @type {const} */ ([previous, 'the period before']), /** @type {const} */ ([yearAgo, 'a year before'])].map(
        ([before, words]) => h('li', { class: changeTone(before.change, better) }, changeText(before, words)),
      ),
    ),
    standingBars(
      points.map((point, i) => ({
        label: `${point.from} to ${point.to}`,
        short: points.length > 14 && i % 4 ? '' : stepName(point.from, step),
        value: point.value,
        text: pointText(point, unit, currency),
        state: point.hidden ? 'hidden' : point.value === null ? 'open' : 'told',
      })),
      `bars-${history.name}`,
    ),
    h(
      'details',
      { class: 'metric-about' },
      h('summary', null, 'What it means'),
      h('p', null, h('strong', null, 'Formula: '), history.formula),
      h('p', null, h('strong', null, 'From: '), history.source),
      h('p', null, h('strong', null, 'Days: '), history.window),
      csv,
    ),
  ];
}
