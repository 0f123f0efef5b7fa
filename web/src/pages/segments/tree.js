/**
 * Editing a segment's definition, a tree of conditions: `all` and `any` hold conditions in `of`, `not` holds one. Pure:
 * every edit gives a new tree. A path is the places from the root downwards; `not` is no step of it, it is a property
 * that a condition has or has not.
 */

/** @typedef {{kind: string, of?: any, [key: string]: any}} Condition */
/** @typedef {{kind: 'all' | 'any', of: Condition[]}} Group */
/** @typedef {number[]} Path */

/** What the server takes at most. */
export const MOST_CONDITIONS = 60;
export const MOST_DEPTH = 6;

/** @returns {Group} */
export const emptyTree = () => ({ kind: 'all', of: [] });

/** @param {Condition} node @returns {node is Group} */
export const isGroup = (node) => node.kind === 'all' || node.kind === 'any';

/** The condition without its `not`s, and whether they turn it round. @param {Condition} node */
export function bare(node) {
  let isNot = false;
  let inner = node;
  while (inner.kind === 'not') {
    isNot = !isNot;
    inner = /** @type {Condition} */ (inner.of);
  }
  return { isNot, inner };
}

/** @param {boolean} isNot @param {Condition} inner @returns {Condition} */
export const wrapped = (isNot, inner) => (isNot ? { kind: 'not', of: inner } : inner);

/** A definition as the builder edits it: the root is a group, without `not`. @param {Condition | null} definition @returns {Group} */
export function forEditing(definition) {
  if (!definition) return emptyTree();
  const { isNot, inner } = bare(definition);
  return isGroup(inner) && !isNot ? inner : { kind: 'all', of: [definition] };
}

/** @param {Condition} root @param {Path} path @returns {Condition} with its `not` */
export function at(root, path) {
  return path.reduce((node, place) => /** @type {Group} */ (bare(node).inner).of[place], root);
}

/**
 * @param {Condition} root @param {Path} path
 * @param {(node: Condition) => Condition[]} edit what comes in its place: none, one, several
 * @returns {Condition}
 */
function spliced(root, path, edit) {
  const [place, ...rest] = path;
  const { isNot, inner } = bare(root);
  const of = /** @type {Group} */ (inner).of.flatMap((child, i) =>
    i === place ? (rest.length ? [spliced(child, rest, edit)] : edit(child)) : [child],
  );
  return wrapped(isNot, { ...inner, of });
}

/** @template {Condition} T @param {T} root @param {Path} path @param {(node: Condition) => Condition} edit @returns {T} */
export function changed(root, path, edit) {
  const next = path.length ? spliced(root, path, (node) => [edit(node)]) : edit(root);
  return /** @type {T} */ (next);
}

/** The condition with another inside; its `not` stays. @template {Condition} T @param {T} root @param {Path} path @param {Condition} inner */
export const replaced = (root, path, inner) => changed(root, path, (node) => wrapped(bare(node).isNot, inner));

/** @template {Condition} T @param {T} root @param {Path} path @returns {T} */
export const removed = (root, path) => /** @type {T} */ (spliced(root, path, () => []));

/** @template {Condition} T @param {T} root @param {Path} path of the group @param {...Condition} nodes */
export const added = (root, path, ...nodes) =>
  changed(root, path, (node) => {
    const { isNot, inner } = bare(node);
    return wrapped(isNot, { ...inner, of: [.../** @type {Group} */ (inner).of, ...nodes] });
  });

/** @template {Condition} T @param {T} root @param {Path} path */
export const negated = (root, path) =>
  changed(root, path, (node) => {
    const { isNot, inner } = bare(node);
    return wrapped(!isNot, inner);
  });

/** All of them becomes one of them, and back. @template {Condition} T @param {T} root @param {Path} path @param {'all' | 'any'} kind */
export const joined = (root, path, kind) =>
  changed(root, path, (node) => {
    const { isNot, inner } = bare(node);
    return wrapped(isNot, { ...inner, kind });
  });

/** The condition becomes the first of a group that means the other word than the one around it. @template {Condition} T @param {T} root @param {Path} path */
export function grouped(root, path) {
  const outer = bare(at(root, path.slice(0, -1))).inner.kind;
  return changed(root, path, (node) => ({ kind: outer === 'all' ? 'any' : 'all', of: [node] }));
}

/** What is in a group joins what is around it. @template {Condition} T @param {T} root @param {Path} path @returns {T} */
export const ungrouped = (root, path) =>
  /** @type {T} */ (spliced(root, path, (node) => /** @type {Group} */ (bare(node).inner).of));

/**
 * The conditions that are no groups, with their paths. @param {Condition} node @param {Path} [path]
 * @returns {{path: Path, leaf: Condition}[]} without their `not`
 */
export function leaves(node, path = []) {
  const { inner } = bare(node);
  if (!isGroup(inner)) return [{ path, leaf: inner }];
  return inner.of.flatMap((child, i) => leaves(child, [...path, i]));
}

/** Everything that the server counts: groups and `not` too. @param {Condition} node @returns {number} */
export function size(node) {
  if (node.kind === 'not') return 1 + size(/** @type {Condition} */ (node.of));
  return isGroup(node) ? node.of.reduce((sum, child) => sum + size(child), 1) : 1;
}

/** How deep it is nested, as the server counts: a condition is 1, everything around it one more. @param {Condition} node @returns {number} */
export function depth(node) {
  if (node.kind === 'not') return 1 + depth(/** @type {Condition} */ (node.of));
  return isGroup(node) ? 1 + Math.max(0, ...node.of.map(depth)) : 1;
}

/**
 * What is sent: no empty group, no group around a single condition. Null when nothing is left.
 * @param {Condition} root @returns {Condition | null}
 */
export function tidy(root) {
  const { isNot, inner } = bare(root);
  if (!isGroup(inner)) return wrapped(isNot, inner);
  const of = inner.of.map(tidy).filter((child) => child !== null);
  if (!of.length) return null;
  if (of.length > 1) return wrapped(isNot, { ...inner, of });
  return isNot ? wrapped(!bare(of[0]).isNot, bare(of[0]).inner) : of[0];
}

/** Two definitions that mean the same to the builder. @param {unknown} a @param {unknown} b */
export const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** @param {any} value @returns {any} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

/**
 * The condition that a server's complaint is about. @param {Condition} sent @param {string} pointer `#/definition/of/0/value`
 * @returns {Condition}
 */
export function pointed(sent, pointer) {
  let node = sent;
  const steps = pointer.replace(/^#?\/?definition\/?/, '').split('/');
  for (let i = 0; i < steps.length && steps[i] === 'of'; i++) {
    const { of } = node;
    const next = node.kind === 'not' ? of : of?.[steps[++i]];
    if (!next) break;
    node = next;
  }
  return node;
}
