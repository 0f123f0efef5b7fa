/** The console's icons: 24-unit outlines drawn with the text colour. Decorative: the button beside them has the words. */
import { svg } from './dom.js';

/** @type {Record<string, string>} */
const PATHS = {
  map: 'M9 4 3 6.5v13L9 17l6 2.5 6-2.5v-13L15 6.5 9 4zM9 4v13M15 6.5v13',
  overview: 'M4 19h16M5 15l4-5 4 3 6-8M15.5 5H19v3.5',
  insights: 'M12 3v9l6.4 6.4M12 3a9 9 0 1 0 9 9h-9',
  footfall: 'M4 20V11M9.3 20V4M14.7 20v-6.5M20 20V8M3 20h18',
  content: 'M4 5h16v10H4zM4 19h10M7.5 8.5h4v3h-4zM14.5 9h2.5M14.5 12h2.5',
  review: 'M5 4h14v16H5zM8.5 12.5l2.5 2.5 4.5-5.5',
  campaigns: 'M4 10v4h3l8 5V5L7 10H4zM18.5 9a4 4 0 0 1 0 6',
  messages: 'M4 5h16v11H9l-5 4z',
  reply: 'M10 6 4 11.5 10 17v-3.5c5 0 8 1.5 10 5 0-6-3.5-9-10-9z',
  recipes: 'M6 3h12v18H6zM9.5 8h5M9.5 12h5M9.5 16h3',
  explain: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.7M12 16.8v.2',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4',
  stop: 'M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM8.5 8.5l7 7',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  rectangle: 'M4 6h16v12H4z',
  polygon: 'M12 3.5 20.5 10l-3.3 10H6.8L3.5 10z',
  circle: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z',
  undo: 'M9 7 4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2',
  redo: 'M15 7l4.5 4.5L15 16M19 11.5h-9a5 5 0 0 0 0 10h2',
  move: 'M12 3v18M3 12h18M12 3 9.5 5.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5',
  trash: 'M4.5 7h15M9 7V4.5h6V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z',
  eyeOff:
    'M4 4l16 16M9.5 6a9 9 0 0 1 2.5-.4c6 0 9.5 6.4 9.5 6.4a16 16 0 0 1-3 3.7M6 7.7A16 16 0 0 0 2.5 12S6 18.4 12 18.4a9 9 0 0 0 3.5-.7',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  download: 'M12 4v12M7 11l5 5 5-5M4 16v4h16v-4',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.5h.1',
  pin: 'M12 21s7-6.4 7-11.5A7 7 0 0 0 5 9.5C5 14.6 12 21 12 21zM12 12a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2z',
  plus: 'M12 5v14M5 12h14',
  check: 'M5 12.5 10 17.5 19.5 7',
  warning: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.2',
  phone: 'M7.5 2.5h9v19h-9zM11 18.5h2',
  feed: 'M4 12h4l2.5-6.5 4 13L17 12h3',
  zones: 'M4 5.5h9v7H4zM10.5 10.5H20v8h-9.5z',
  store:
    'M4 9.5 5.5 4h13L20 9.5M4 9.5a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0 2.7 2.7 0 0 0 5.3 0M5.5 12v8h13v-8M10 20v-5h4v5',
  back: 'M15 5l-7 7 7 7',
  play: 'M8 5v14l11-7z',
  pause: 'M8 5v14M16 5v14',
  next: 'M9 5l7 7-7 7',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  keyboard: 'M3 6.5h18v11H3zM6.5 10h.2M10 10h.2M14 10h.2M17.5 10h.2M8 14h8',
  rotate: 'M19.5 12a7.5 7.5 0 1 1-2.6-5.7M17.5 2.5v4.2h-4.2',
  cut: 'M4 5h16v14H4zM9 9.5h6v5H9z',
  part: 'M3.5 4.5h10v9h-10zM18 13v8M14 17h8',
  copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
  levels: 'M12 3 3 7.5l9 4.5 9-4.5zM3.5 12.5 12 16.7l8.5-4.2M3.5 17 12 21.2l8.5-4.2',
  hand: 'M8 12V5.5a1.5 1.5 0 0 1 3 0V11M11 11V4.5a1.5 1.5 0 0 1 3 0V11M14 11V6a1.5 1.5 0 0 1 3 0v8c0 4-2 7-5.5 7-3 0-4.3-1.5-6-4.5L4 14c-.6-1.2 1-2.3 2-1.2l2 2',
  more: 'M5.5 12h.2M12 12h.2M18.5 12h.2',
  walk: 'M13 5.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM9 21.5l2.5-6-2-3 1-5 3.5 0.5 1.5 3 3 1.5M9.5 9.5l-3 2v3M11.5 15.5l3.5 2v4',
  hint: 'M12 3.5a6 6 0 0 0-3.5 10.9c.6.5 1 1.2 1 2v.6h5v-.6c0-.8.4-1.5 1-2A6 6 0 0 0 12 3.5zM10 20.5h4',
  error: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 9l6 6M15 9l-6 6',
  beacon:
    'M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM8.2 15.8a5.4 5.4 0 0 1 0-7.6M15.8 8.2a5.4 5.4 0 0 1 0 7.6M5.3 18.7a9.5 9.5 0 0 1 0-13.4M18.7 5.3a9.5 9.5 0 0 1 0 13.4',
  wifi: 'M3 9.5a13 13 0 0 1 18 0M6.2 12.9a8.5 8.5 0 0 1 11.6 0M9.3 16.3a4 4 0 0 1 5.4 0M12 19.5h.1',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM20 14v6h-3.5M14 20h.1',
  shield: 'M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5V6zM9 12l2.2 2.2L15.2 10',
  audit: 'M6 3.5h9l3.5 3.5v13.5H6zM9 10h6.5M9 13.5h6.5M9 17h4',
  webhook: 'M14 4h6v6M20 4l-9 9M18 14v5.5H4.5V6H10',
  people:
    'M9 11.5a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2zM2.5 20a6.5 6.5 0 0 1 13 0M15.5 4.7a3.5 3.5 0 0 1 0 6.6M18 14.5a6.4 6.4 0 0 1 3.5 5.5',
  segments: 'M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM15 21a6 6 0 1 0 0-12 6 6 0 0 0 0 12z',
  cart: 'M3 4h2.5l2.2 11h10.6l2.2-8H6.3M9 20h.2M17 20h.2',
  bag: 'M5 8h14l1 12.5H4zM8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5',
  offer: 'M4 4h8l8.5 8.5-8 8L4 12zM8.4 8.4h.2',
  product: 'M12 3 4 7.2v9.6L12 21l8-4.2V7.2zM4 7.2l8 4.2 8-4.2M12 11.4V21',
  note: 'M5 3.5h14v12l-5 5H5zM14 20.5v-5h5M8.5 8.5h7M8.5 12h4.5',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1-1',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2',
};

/**
 * @param {keyof typeof PATHS} name
 * @param {number} [size]
 */
export function icon(name, size = 20) {
  const path = svg('path', { d: PATHS[name], 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
  return svg(
    'svg',
    {
      viewBox: '0 0 24 24',
      width: size,
      height: size,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 1.8,
      class: 'icon',
      'aria-hidden': 'true',
      focusable: 'false',
    },
    path,
  );
}

/** The product's mark. @param {number} [size] */
export function mark(size = 28) {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', width: size, height: size, 'aria-hidden': 'true', focusable: 'false' },
    svg('rect', { width: 32, height: 32, rx: 8, fill: '#0f5c5a' }),
    svg('path', {
      d: 'M16 6a7.5 7.5 0 0 0-7.5 7.5C8.5 19 16 26 16 26s7.5-7 7.5-12.5A7.5 7.5 0 0 0 16 6z',
      fill: '#fff',
    }),
    svg('circle', { cx: 16, cy: 13.5, r: 3.2, fill: '#f2a33a' }),
  );
}
