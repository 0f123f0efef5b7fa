/** A lane for each zone over time: what was believed of it, the confidence of each position, what was recorded. */
import { fill, h, svg } from '../../ui/dom.js';
import { clock } from '../../ui/format.js';
import { eventKind, phaseText } from '../../ui/words.js';
import { share } from './story.js';

/** @import {Lane, Story} from './story.js' */

/** Marks of events: what came in points down, what left points up. @type {Record<string, string>} */
const MARKS = {
  entered: 'M-5 -4H5L0 5Z',
  exited: 'M-5 4H5L0 -5Z',
  dwelled: 'M0 -5 5 0 0 5-5 0Z',
  revised: 'M-4 -4H4V4H-4Z',
  retracted: 'M-4 -4 4 4M4 -4-4 4',
};

/** @param {Story} story @param {(at: number) => void} onSeek a place in a lane was pressed */
export function makeLanes(story, onSeek) {
  const heads = story.lanes.map(() => h('div', { class: 'lane-head' }));
  const line = h('div', { class: 'lanes-now', 'aria-hidden': 'true' });
  const bars = h(
    'div',
    { class: 'lanes', 'data-testid': 'explain-lanes' },
    story.lanes.map((lane, i) => h('div', { class: 'lane', 'data-testid': 'lane' }, heads[i], bar(story, lane))),
    line,
  );
  bars.addEventListener('click', (event) => {
    const box = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.lane-bar'));
    if (!box) return;
    const { left, width } = box.getBoundingClientRect();
    onSeek(story.start + ((event.clientX - left) / width) * (story.end - story.start));
  });
  return {
    node: bars,
    /** @param {import('./story.js').Moment} moment */
    show(moment) {
      line.style.setProperty('--at', String(share(story, moment.at)));
      story.lanes.forEach(({ zone }, i) => {
        const stretch = moment.phases.get(zone.zone_id);
        const near = moment.near.get(zone.zone_id);
        const phase = stretch?.phase ?? 'outside';
        fill(
          heads[i],
          h('span', { class: 'lane-name', title: zone.name }, zone.name),
          h('span', { class: 'lane-value' }, near ? `${near.confidence.toFixed(2)} of ${zone.needed.toFixed(2)}` : ''),
          h('span', { class: `lane-phase lane-phase-${phase}` }, phaseText(phase)),
        );
      });
    },
  };
}

/** @param {Story} story @param {Lane} lane */
function bar(story, lane) {
  const x = (/** @type {number} */ at) => share(story, at) * 100;
  const steps = lane.values.map(({ at, value }, i) => {
    const next = lane.values[i + 1]?.at ?? story.end;
    return `${x(at)},${100 - value * 100} ${x(next)},${100 - value * 100}`;
  });
  return h(
    'div',
    { class: 'lane-bar' },
    lane.stretches.map(({ from, to, phase, text }) =>
      h('span', {
        class: `stretch stretch-${phase}`,
        style: { left: `${x(from)}%`, width: `${x(to) - x(from)}%` },
        title: `${phaseText(phase)} from ${clock(from)}${text ? `: ${text}` : ''}`,
      }),
    ),
    svg(
      'svg',
      { viewBox: '0 0 100 100', preserveAspectRatio: 'none', class: 'lane-line', 'aria-hidden': 'true' },
      svg('line', { x1: 0, x2: 100, y1: 100 - lane.zone.needed * 100, y2: 100 - lane.zone.needed * 100 }),
      svg('polyline', { points: steps.join(' ') }),
    ),
    lane.marks.map(({ at, kind, text }) =>
      h(
        'span',
        { class: 'lane-mark', style: { left: `${x(at)}%` } },
        svg(
          'svg',
          { viewBox: '-7 -7 14 14', width: 14, height: 14, class: `lane-glyph lane-glyph-${kind}` },
          svg('title', null, `${clock(at)} ${eventKind(kind)}: ${text}`),
          svg('path', { d: MARKS[kind] ?? MARKS.dwelled }),
        ),
      ),
    ),
  );
}
