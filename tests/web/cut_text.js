// Texts that cannot be read in full: cut by a box that hides what is too much, sticking out of their own button, or
// outside the window. What scrolls down may be out of sight; an ellipsis is fine where the whole text is in a title.
// Nothing scrolls sideways.
() => {
  const found = [];
  const scrolls = (style, axis) => /auto|scroll/.test(style[`overflow${axis}`]);
  const hides = (style, axis) => /hidden|clip/.test(style[`overflow${axis}`]);

  function isForScreenReaders(element) {
    for (let box = element; box; box = box.parentElement) if (getComputedStyle(box).clipPath !== 'none') return true;
    return false;
  }

  function problem(rect, start) {
    const free = { X: false, Y: false };
    for (let box = start; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.display === 'inline') continue;
      const edge = box.getBoundingClientRect();
      const over = { X: rect.right > edge.right + 1 || rect.left < edge.left - 1, Y: rect.bottom > edge.bottom + 1 };
      for (const axis of ['X', 'Y']) {
        if (scrolls(style, axis)) free[axis] = true;
        if (free[axis] || !over[axis]) continue;
        const dotted = style.textOverflow === 'ellipsis' && box.closest('[title]');
        if (hides(style, axis) && !dotted) return `cut by .${box.className}`;
        if (axis === 'X' && box.matches('button, .button, .pill, h1, h2, h3, th, label'))
          return `sticks out of .${box.className}`;
      }
      if (style.position === 'fixed') break;
    }
    if (!free.X && (rect.right > innerWidth + 1 || rect.left < -1)) return 'outside the window';
    return null;
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (!text.data.trim() || !parent.checkVisibility({ visibilityProperty: true })) continue;
    if (parent.closest('.skip, .leaflet-container, option, textarea, details:not([open]) > :not(summary)'))
      continue;
    if (isForScreenReaders(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const rect of range.getClientRects()) {
      const why = rect.width > 0 && problem(rect, parent);
      if (why) found.push(`“${text.data.trim().slice(0, 60)}” ${why}`);
    }
  }
  for (const box of document.querySelectorAll('*')) {
    if (box.scrollWidth <= box.clientWidth + 1 || !box.checkVisibility()) continue;
    if (box === document.scrollingElement || scrolls(getComputedStyle(box), 'X'))
      found.push(`<${box.localName} class="${box.className}"> scrolls sideways`);
  }
  return [...new Set(found)];
};
