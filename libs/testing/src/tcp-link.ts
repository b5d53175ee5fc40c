import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire between clients and a server, for a test to cut, freeze or slow down. */
export interface TcpLink {
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number;
  /** Resets all connections, and each new one. */
  cut(): void;
  heal(): void;
  /** Keeps all connections and moves no byte: what a frozen peer or a lost route looks like. */
  freeze(): void;
  /** Moves on. */
  thaw(): void;
  /** From now on what is sent arrives this many milliseconds later, in order; 0 is at once. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export interface TcpLinkOptions {
  /** Where the server is, asked at each connection; a connection is reset while it answers undefined. */
  readonly target: () => { readonly host: string; readonly port: number } | undefined;
}

/** Bytes on their way in one direction of a connection before its sender has to wait. */
const MAX_ON_THE_WAY = 1024 * 1024;

/**
 * A proxy that a test owns. Both ends are real connections, so a client sees what it would see of a real network.
 *
 * @example const link = await tcpLink({ target: () => ({ host: '127.0.0.1', port }) }); link.freeze();
 */
export async function tcpLink({ target }: TcpLinkOptions): Promise<TcpLink> {
  const flows = new Set<Flow>();
  const sockets = new Set<Socket>();
  const state = { up: true, frozen: false, delayMs: 0 };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inner) => {
    const to = target();
    inner.on('error', () => undefined);
    if (!state.up || to === undefined) {
      inner.resetAndDestroy();
      return;
    }
    const outer = connect({ port: to.port, host: to.host, allowHalfOpen: true, noDelay: true });
    for (const [from, into] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      const flow = createFlow(from, into, state);
      flows.add(flow);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        flows.delete(flow);
        flow.end();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const drop = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state.up = false;
      drop();
    },
    heal: () => void (state.up = true),
    freeze: () => void (state.frozen = true),
    thaw() {
      state.frozen = false;
      for (const flow of flows) flow.move();
    },
    delay: (ms) => void (state.delayMs = ms),
    async close() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Flow {
  /** Passes on what has arrived. */
  move(): void;
  /** Nothing more comes; what is on its way still arrives. */
  end(): void;
}

function createFlow(from: Socket, into: Socket, state: { readonly frozen: boolean; readonly delayMs: number }): Flow {
  const onTheWay: { readonly bytes: Buffer; readonly at: number }[] = [];
  let size = 0;
  let ended = false;

  function move(): void {
    while (!state.frozen && onTheWay[0] !== undefined && onTheWay[0].at <= performance.now()) {
      const { bytes } = onTheWay.shift() ?? { bytes: Buffer.alloc(0) };
      size -= bytes.length;
      if (!into.destroyed && !into.write(bytes)) into.once('drain', resume);
    }
    resume();
    if (ended && onTheWay.length === 0) into.end();
  }

  function resume(): void {
    if (!state.frozen && size < MAX_ON_THE_WAY && !into.writableNeedDrain) from.resume();
  }

  from.on('data', (bytes: Buffer) => {
    onTheWay.push({ bytes, at: performance.now() + state.delayMs });
    size += bytes.length;
    if (size >= MAX_ON_THE_WAY || into.writableNeedDrain || state.frozen) from.pause();
    if (state.delayMs === 0 && onTheWay.length === 1) move();
    else setTimeout(move, state.delayMs + 1);
  });
  const end = () => {
    ended = true;
    move();
  };
  from.on('end', end);
  return { move, end };
}
