import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import { silentLogger } from '@stampede/telemetry';
import { outcomeOf, type CallOutcome } from '../client/outcome.ts';
import type { UnaryCall } from '../client/transport.ts';
import { Metadata } from '../metadata.ts';
import type { ServerContext } from '../server-context.ts';
import { Dispatcher } from '../server/dispatcher.ts';
import { laneLimits, withDefaults, type ServerLimits } from '../server/limits.ts';
import type { ServedMethod } from '../server/served-method.ts';
import { HeldRequests } from '../lane/held-requests.ts';
import { LaneClient } from '../lane/lane-client.ts';
import { LaneServer } from '../lane/lane-server.ts';
import type { Pipe } from '../lane/pipe.ts';

/** One direction of a lane in memory: the test says what arrives, and when the wire has taken what was sent. */
export class Wire {
  readonly sent: Buffer[] = [];
  readonly #inFlight: { readonly message: Buffer; readonly sent: () => void }[] = [];
  ended: { readonly why: AppError | undefined } | undefined;
  receiver: ((message: Buffer) => void) | undefined;

  readonly pipe: Pipe = {
    send: (message, sent) => {
      if (this.ended !== undefined) throw new Error('sent after the end');
      this.sent.push(message);
      this.#inFlight.push({ message, sent });
    },
    close: (why) => (this.ended ??= { why }),
  };

  get waiting(): number {
    return this.#inFlight.length;
  }

  /** Lets so many messages through, as they are or changed. */
  deliver(count = Infinity, change: (message: Buffer) => Buffer = (message) => message): void {
    for (let n = 0; n < count; n += 1) {
      const next = this.#inFlight.shift();
      if (next === undefined) return;
      next.sent();
      this.receiver?.(change(next.message));
    }
  }

  lose(): void {
    this.#inFlight.length = 0;
  }
}

/** A call as the test makes it, and how often it ended, how. */
export interface Told {
  readonly number: number;
  readonly ends: { readonly outcome: CallOutcome | 'ok'; readonly error?: AppError; readonly payload?: Uint8Array }[];
  readonly controller: AbortController;
}

export interface PairOptions {
  readonly handle: (request: Uint8Array, context: ServerContext) => Promise<unknown>;
  readonly limits?: Partial<ServerLimits>;
  /** Time as the test moves it. */
  readonly clock: Clock & { advance(ms: number): Promise<void> };
}

/** Both ends of a lane, their clock, and the wires between them. */
export function pair({ handle, limits = {}, clock }: PairOptions) {
  const all = withDefaults(limits);
  const method: ServedMethod = {
    path: '/s.S/M',
    service: 's.S',
    method: 'M',
    kind: 'unary',
    decode: (bytes) => bytes,
    encode: (message) => message as Uint8Array,
    handle: (request, context) => handle(request as Uint8Array, context),
  };
  const common = { instance: 'i', log: silentLogger(), metrics: undefined, secret: undefined, usersFrom: [] };
  const dispatcher = new Dispatcher({ ...common, limits: all, clock });
  const held = new HeldRequests(all.maxHeldMb * 1024 * 1024);
  const [up, down] = [new Wire(), new Wire()];
  const events: string[] = [];
  const server = new LaneServer({
    service: 's',
    instance: 'i',
    dispatcher,
    methods: new Map([[method.path, method]]),
    limits: laneLimits(all),
    held,
    serving: true,
    clock,
    pipe: down.pipe,
  });
  const notProcessed = (calls: readonly UnaryCall[]) => {
    for (const call of calls) (call as UnaryCall & { ends: Told['ends'] }).ends.push({ outcome: 'not-processed' });
  };
  const client = new LaneClient({
    pipe: up.pipe,
    clock,
    service: 's',
    instance: 'i',
    maxReceiveBytes: all.maxReceiveBytes,
    pingMs: 10_000,
    pongMs: 10_000,
    events: {
      opened: () => events.push('opened'),
      serving: (serving) => events.push(serving ? 'serving' : 'not serving'),
      drained(reason, unsent) {
        events.push(`drained: ${reason}`);
        notProcessed(unsent);
      },
      closed(why, unsent) {
        events.push(`closed: ${why.reason}`);
        notProcessed(unsent);
      },
    },
  });
  up.receiver = (message) => server.receive(message);
  down.receiver = (message) => client.receive(message);
  let made = 0;

  return {
    clock,
    client,
    server,
    dispatcher,
    up,
    down,
    events,
    /** Makes a call; its request begins with its number. */
    call: (bytes = 4, deadlineMs = 5_000, headers = new Metadata()): Told => {
      const number = (made += 1);
      const ends: Told['ends'] = [];
      const controller = new AbortController();
      const request = Buffer.alloc(Math.max(4, bytes), number);
      request.writeUInt32LE(number);
      const call: UnaryCall & { ends: Told['ends'] } = {
        path: method.path,
        headers,
        plain: undefined,
        deadline: clock.now() + deadlineMs,
        signal: controller.signal,
        onHeaders: undefined,
        onTrailers: undefined,
        request,
        ends,
        succeeded: (payload) => ends.push({ outcome: 'ok', payload }),
        failed: (error) => ends.push({ outcome: outcomeOf(error), error }),
      };
      client.call(call);
      return { number, ends, controller };
    },
    /** The wires carry everything that there is to carry. */
    settle: async (): Promise<void> => {
      for (let quiet = 0; quiet < 3; quiet += 1) {
        await clock.advance(0);
        if (up.waiting + down.waiting > 0) quiet = 0;
        up.deliver();
        down.deliver();
      }
      if (down.ended !== undefined)
        client.lost(down.ended.why ?? new AppError('UNAVAILABLE', 'CONNECTION_LOST', 'ended'));
      if (up.ended !== undefined) server.ended();
    },
  };
}
