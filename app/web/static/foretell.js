// What the changes that wait will do, before the server has answered. A gesture is a stroke that was
// drawn or strokes that were removed at once: {kind, uuid, frame, uuids}. An undo or redo carries the
// gesture that it is about in `of`, or null where only the server knows it.

/** Return the gestures that the waiting changes leave to undo and to redo, the next one last. */
export function gesturesAfter(ops) {
  const [undo, redo] = [[], []];
  let endsRedo = false; // of what the server could redo
  for (const op of ops) {
    if (op.kind === "undo") {
      undo.pop();
      redo.push(op.of);
    } else if (op.kind === "redo") {
      redo.pop();
      undo.push(op.of);
    } else {
      undo.push(gestureOf(op));
      redo.length = 0;
      endsRedo = true;
    }
  }
  return { undo, redo, endsRedo };
}

/** Return the uuids of strokes that are gone after the waiting changes; `gone` are so before them. */
export function goneAfter(ops, gone) {
  const set = new Set(gone);
  for (const op of ops) {
    if (op.kind === "remove") op.uuids.forEach((uuid) => set.add(uuid));
    if (op.of) op.of.uuids.forEach((uuid) => (takesAway(op) ? set.add(uuid) : set.delete(uuid)));
  }
  return set;
}

/** Return whether an undo or redo of a known gesture takes its strokes away, rather than back. */
export function takesAway({ kind, of }) {
  return (kind === "undo") === (of.kind === "stroke");
}

function gestureOf({ kind, uuid, uuids, frame }) {
  return { kind, uuid, frame, uuids: uuids ?? [uuid] };
}
