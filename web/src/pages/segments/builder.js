/** Making or changing a segment: its conditions, and beside them at once whom they find. */
import { ApiError, call, get, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { ask, explain } from '../../ui/widgets.js';
import { previewPanel } from './preview.js';
import { forEditing, leaves, pointed, same, tidy } from './tree.js';
import { treeView } from './tree_view.js';
import { worldOf } from './world.js';

/** @import {Context} from '../../types' */
/** @import {Made, Segment, Vocabulary} from './shapes.js' */
/** @import {Condition} from './tree.js' */

/**
 * @param {{context: Context, vocabulary: Vocabulary, segment: Segment | null, made: Made | null, signal: AbortSignal}} options
 *   `made`: what a new one begins with (a template, a copy)
 */
export function builder({ context, vocabulary, segment, made, signal }) {
  const isShop = context.me.operator.role === 'shop';
  const begin = segment ?? made;
  const back = segment ? `/segments?id=${segment.id}` : '/segments';
  const once = newKey();
  let version = segment?.version ?? 0;
  let saved = snapshotOf(segment);

  const name = textField(
    'Name',
    { value: begin?.name ?? '', maxlength: 200, required: true, placeholder: 'Regulars who slow down' },
    { testid: 'segment-name' },
  );
  const about = areaField(
    'What it is for',
    { value: begin?.description ?? '', maxlength: 2000, rows: 2 },
    { testid: 'segment-about' },
  );
  const store = selectField(
    'Whose customers',
    [
      .../** @type {[string, string][]} */ (isShop ? [] : [['', `all of ${context.me.tenant.name}`]]),
      ...vocabulary.stores.map(({ id, name: said }) => /** @type {[string, string]} */ ([id, said])),
    ],
    segment?.store_id ?? '',
    { testid: 'segment-store' },
  );
  store.input.disabled = Boolean(segment);
  const storeId = () => store.input.value || null;
  const world = () => worldOf(vocabulary, { storeId: storeId(), segmentId: segment?.id ?? null });

  const tree = treeView({
    root: forEditing(begin?.definition ?? null),
    world: world(),
    announce: context.announce,
    onChange: () => preview.update(),
  });
  const preview = previewPanel({
    context,
    signal,
    read: () => ({
      definition: tidy(tree.root()),
      store_id: storeId(),
      gaps: tree.gaps().map(({ words }) => words),
    }),
    onRefused: (error, sent) => tree.showComplaints(complaintsOf(error, sent)),
  });
  const complaint = h('p', { class: 'form-error', role: 'alert', hidden: true, 'data-testid': 'form-error' });
  const barCount = h('strong', { class: 'bar-count', 'aria-hidden': 'true' });
  preview.onCount((text) => fill(barCount, text));
  const save = h(
    'button',
    { type: 'submit', form: 'segment-form', class: 'button button-primary', 'data-testid': 'segment-save' },
    segment ? 'Save' : 'Save the segment',
  );
  store.input.addEventListener('change', () => {
    tree.setWorld(world());
    preview.update();
  });

  /** The server's words for each row that they are about. @param {ApiError} error @param {Condition} sent */
  function complaintsOf(error, sent) {
    const rows = leaves(tree.root());
    return new Map(
      error.errors.flatMap(({ pointer = '', detail }) => {
        const about = pointed(sent, pointer);
        const row = rows.find(({ leaf }) => leaf === about || same(leaf, about));
        return row ? [/** @type {[string, string]} */ ([row.path.join('.'), detail])] : [];
      }),
    );
  }

  const draft = () => ({
    name: name.input.value.trim(),
    description: about.input.value.trim(),
    definition: tidy(tree.root()),
  });

  /** What keeps it from being saved, said where it is. */
  function isReady() {
    name.setError(null);
    complaint.hidden = true;
    const gaps = tree.gaps();
    tree.showComplaints(new Map(gaps.map(({ path, words }) => [path, `Still open: ${words}`])));
    if (gaps.length) return refuse('Fill in what is still open.', () => tree.focusRow(gaps[0].path));
    if (!tidy(tree.root())) return refuse('Add at least one condition: whom is it to find?', () => {});
    if (name.input.value.trim()) return true;
    name.setError('Give it a name.');
    name.input.focus();
    return false;
  }

  /** @param {string} text @param {() => void} then */
  function refuse(text, then) {
    fill(complaint, text);
    complaint.hidden = false;
    then();
    return false;
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    if (!isReady()) return;
    save.disabled = true;
    await write(draft());
    save.disabled = false;
  }

  /** @param {ReturnType<typeof draft>} body */
  async function write(body) {
    try {
      const { data } = segment
        ? await call('PATCH', `/v1/segments/${segment.id}`, { body, etag: `"v${version}"` })
        : await call('POST', '/v1/segments', { body: { ...body, store_id: storeId() }, once });
      saved = body;
      context.setGuard(null);
      context.toast(`“${body.name}” is saved.`);
      context.navigate(`/segments?id=${data.id}`);
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) await conflict(body);
      else complain(error, body);
    }
  }

  /** @param {unknown} error @param {ReturnType<typeof draft>} body */
  function complain(error, body) {
    const errors = error instanceof ApiError ? error.errors : [];
    const ofName = errors.find(({ pointer = '' }) => pointer.startsWith('#/name'));
    if (ofName) {
      name.setError(ofName.detail);
      return name.input.focus();
    }
    if (error instanceof ApiError && body.definition) tree.showComplaints(complaintsOf(error, body.definition));
    refuse(explain(error), () => complaint.scrollIntoView({ block: 'nearest' }));
  }

  /** Somebody else saved first: theirs is shown, and one decides. @param {ReturnType<typeof draft>} body */
  async function conflict(body) {
    const theirs = /** @type {Segment} */ (await get(`/v1/segments/${segment?.id}`, {}, signal));
    const answer = await ask({
      title: 'Somebody else changed it meanwhile',
      testid: 'conflict-dialog',
      body: [
        h('p', null, `Theirs is called “${theirs.name}” and asks for:`),
        h('p', { class: 'preview-sentence' }, theirs.sentence),
      ],
      actions: [
        { label: 'Go on editing', value: '' },
        { label: 'Take theirs', value: 'theirs', testid: 'take-theirs' },
        { label: 'Save mine over it', value: 'mine', tone: 'danger', testid: 'save-mine' },
      ],
    });
    if (!answer) return;
    version = theirs.version;
    if (answer === 'mine') return write(body);
    saved = snapshotOf(theirs);
    name.input.value = theirs.name;
    about.input.value = theirs.description;
    tree.replace(forEditing(theirs.definition));
  }

  context.setGuard(async () => {
    const now = draft();
    const isTouched = segment ? !same(now, saved) : Boolean(now.definition) && !same(now.definition, made?.definition);
    if (!isTouched) return true;
    const answer = await ask({
      title: 'Leave without saving?',
      testid: 'leave-dialog',
      body: h('p', null, 'What you changed of this segment is not saved yet.'),
      actions: [
        { label: 'Stay here', value: '' },
        { label: 'Leave', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    return Boolean(answer);
  });

  preview.update();
  return h(
    'div',
    { class: 'stack' },
    h('a', { class: 'back-link', href: back }, icon('back', 16), segment?.name ?? 'Segments'),
    h('header', { class: 'page-head' }, h('h1', null, segment ? 'Edit the segment' : 'New segment')),
    h(
      'div',
      { class: 'segment-columns' },
      h(
        'form',
        { id: 'segment-form', class: 'stack', novalidate: true, 'data-testid': 'segment-form', on: { submit: send } },
        complaint,
        h('section', { class: 'card' }, h('div', { class: 'field-pair' }, name.node, store.node), about.node),
        h('section', { class: 'card', 'aria-label': 'Conditions' }, h('h2', null, 'People for whom'), tree.node),
      ),
      h(
        'div',
        { class: 'segment-aside' },
        preview.node,
        h(
          'div',
          { class: 'segment-bar' },
          barCount,
          h('a', { class: 'button button-quiet', href: back, 'data-testid': 'segment-cancel' }, 'Cancel'),
          save,
        ),
      ),
    ),
  );
}

/** @param {Segment | null} segment @returns {{name: string, description: string, definition: Condition | null} | null} */
function snapshotOf(segment) {
  return segment && { name: segment.name, description: segment.description, definition: tidy(segment.definition) };
}
