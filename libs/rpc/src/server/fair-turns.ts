/** Calls of one connection that are begun in one turn of the event loop. */
const PER_TURN = 32;

/**
 * Lets no connection have the event loop for itself: libuv reads two mebibytes of one socket before it looks at the next, which is calls by the
 * thousand, and seconds. What one connection sends beyond its share of a turn waits for the next; the others' calls come first.
 */
export function fairTurns(): (connection: object, begin: () => void) => void {
  const begun = new Map<object, number>();
  const waiting = new Map<object, (() => void)[]>();
  let scheduled = false;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  }

  function turn(): void {
    scheduled = false;
    begun.clear();
    for (const [connection, line] of waiting) {
      const share = line.splice(0, PER_TURN);
      begun.set(connection, share.length);
      if (line.length === 0) waiting.delete(connection);
      for (const begin of share) begin();
    }
    if (begun.size > 0) schedule();
  }

  return (connection, begin) => {
    const line = waiting.get(connection);
    if (line !== undefined) {
      line.push(begin);
      return;
    }
    const count = begun.get(connection) ?? 0;
    schedule();
    if (count < PER_TURN) {
      begun.set(connection, count + 1);
      begin();
    } else {
      waiting.set(connection, [begin]);
    }
  };
}
