/**
 * Building DOM without HTML strings: data only ever becomes text nodes and attribute values, so a zone called
 * `<img onerror=…>` is just an odd name. Styles are set through the CSSOM, which the strict CSP allows.
 */

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */
/**
 * @typedef {{on?: Record<string, (event: any) => void>, style?: Record<string, string>} & Record<string, unknown>} Attrs
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attrs | null} [attrs]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attrs, ...children) {
  const node = document.createElement(tag);
  apply(node, attrs ?? {});
  node.append(...flat(children));
  return node;
}

/**
 * @param {string} tag
 * @param {Attrs | null} [attrs]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, attrs, ...children) {
  const node = document.createElementNS(SVG, tag);
  apply(node, attrs ?? {});
  node.append(...flat(children));
  return node;
}

/**
 * @param {Element} node
 * @param {...Child} children
 */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function flat(children) {
  return children.flat(9).flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    return [child instanceof Node ? child : String(child)];
  });
}

/**
 * @param {HTMLElement | SVGElement} node
 * @param {Attrs} attrs
 */
function apply(node, { on = {}, style = {}, ...rest }) {
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'value' || name === 'checked' || name === 'selected' || name === 'indeterminate') {
      /** @type {any} */ (node)[name] = value;
    } else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, value);
  for (const [name, handler] of Object.entries(on)) node.addEventListener(name, handler);
}

let lastId = 0;
/** An id that is unique on this page, to tie labels and messages to their fields. @param {string} prefix */
export function uid(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
