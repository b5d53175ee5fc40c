/** Calls that wait for a reply over a connection that they share, by number. */
export interface PendingCalls<Reply> {
  /** A new number, and the promise of its reply; it rejects when the time is up. */
  open(deadlineMs: number): { readonly id: number; readonly reply: Promise<Reply> };
  settle(id: number, reply: Reply): void;
  failAll(error: Error): void;
}

const SWEEP_MS = 50;

/** One timer looks after all deadlines: one a call would cost more than the call's framing. */
export function createPendingCalls<Reply>(): PendingCalls<Reply> {
  const waiting = new Map<
    number,
    { deadline: number; resolve: (reply: Reply) => void; reject: (error: Error) => void }
  >();
  let last = 0;
  setInterval(() => {
    const now = performance.now();
    for (const [id, { deadline, reject }] of waiting) {
      if (deadline > now) continue;
      waiting.delete(id);
      reject(new Error('too late'));
    }
  }, SWEEP_MS).unref();
  return {
    open(deadlineMs) {
      last = (last + 1) >>> 0;
      const id = last;
      const reply = new Promise<Reply>((resolve, reject) => {
        waiting.set(id, { deadline: performance.now() + deadlineMs, resolve, reject });
      });
      return { id, reply };
    },
    settle(id, reply) {
      waiting.get(id)?.resolve(reply);
      waiting.delete(id);
    },
    failAll(error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    },
  };
}
