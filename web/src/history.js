/**
 * Undo and redo as a stack of whole values: tiny, and works with any editor.
 *
 * Values are compared by their JSON, so a gesture that ends where it began, or one that reports itself twice, adds
 * nothing.
 */

/**
 * @template T
 * @typedef {object} History
 * @property {() => T} current
 * @property {(value: T) => boolean} push true when the value differed and was added
 * @property {() => T} undo
 * @property {() => T} redo
 * @property {() => boolean} canUndo
 * @property {() => boolean} canRedo
 */

/**
 * @template T
 * @param {T} initial
 * @returns {History<T>}
 */
export function makeHistory(initial) {
  let stack = [JSON.stringify(initial)];
  let at = 0;
  const current = () => JSON.parse(stack[at]);
  return {
    current,
    push(value) {
      const text = JSON.stringify(value);
      if (text === stack[at]) return false;
      stack = [...stack.slice(0, at + 1), text];
      at += 1;
      return true;
    },
    undo() {
      at = Math.max(0, at - 1);
      return current();
    },
    redo() {
      at = Math.min(stack.length - 1, at + 1);
      return current();
    },
    canUndo: () => at > 0,
    canRedo: () => at < stack.length - 1,
  };
}
