import http2, { type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';
import type { MethodKind } from '../definition.ts';
import { HeldStream, type Patience } from './held-stream.ts';
import { wrapStreams } from './http2-door.ts';
import type { ServerLimits } from './limits.ts';
import { fairTurns } from './fair-turns.ts';
import { fitHeaders } from './fit-headers.ts';
import { packedRequests } from './packed-requests.ts';

export interface PeerGuardOptions {
  readonly limits: ServerLimits;
  readonly log: Logger;
  readonly clock: Clock;
  /** The kind of the method that a path names. */
  readonly kindOf: (path: string) => MethodKind | undefined;
}

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = http2.constants;
const SWEEP_MS = 1_000;
const MIB = 1024 * 1024;
/** Above what an honest peer needs to say of itself in a second. */
const SETTINGS_PER_SECOND = 100;

/**
 * Bounds what peers can cost a server before any handler sees them: connections, calls at once, bytes of requests that never end and of
 * answers that nobody reads, and the time that either may take. Beyond a bound the stream that costs most is reset, and no other.
 */
export function createPeerGuard({ limits, log, clock, kindOf }: PeerGuardOptions): (server: Http2Server) => void {
  const open = new Set<HeldStream>();
  const patience: Patience = {
    receiveMs: limits.receiveMs,
    takeMs: limits.takeMs,
    lifeMs: limits.maxStreamMs + limits.takeMs,
  };
  const maxHeldBytes = limits.maxHeldMb * MIB;
  const admitPacked = packedRequests({ slots: Math.max(1, Math.floor(maxHeldBytes / limits.maxReceiveBytes)), clock });
  const inTurn = fairTurns();
  let held = 0;
  let sweeping = false;
  const seen = new Map<string, number>();

  function guardStream(stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders, serve: () => void): void {
    if (open.size >= limits.maxCalls) {
      refuse(stream, NGHTTP2_REFUSED_STREAM, 'too many calls');
      return;
    }
    if (fitHeaders(headers) > limits.maxHeaderBytes) {
      refuse(stream, NGHTTP2_ENHANCE_YOUR_CALM, 'too much metadata');
      return;
    }
    const kind = kindOf(headers[':path'] ?? '') ?? 'bidi';
    const refused = admitPacked(stream, headers, kind);
    if (refused !== undefined) {
      note(`refused: ${refused}`);
      return;
    }
    const one = new HeldStream(stream, kind, clock.monotonic(), patience);
    open.add(one);
    // Heard by nobody else while it waits for its turn.
    stream.on('error', () => undefined).once('close', () => forget(one));
    inTurn(stream.session ?? stream, () => {
      // A call that was reset meanwhile has cost no more than this.
      if (!stream.closed && !stream.destroyed) begin(one, serve);
    });
    if (!sweeping) sweepLater();
  }

  function begin(one: HeldStream, serve: () => void): void {
    const { stream } = one;
    serve();
    // After grpc-js, which has paused the stream: this listens and does not make it flow.
    stream.on('data', (chunk: Buffer) => {
      recount(one, () => one.arrived(chunk));
      if (held > maxHeldBytes) cutLargest((each) => each.bytes, 'too many bytes of requests');
    });
    stream.on('resume', () => recount(one, () => one.taken()));
  }

  function refuse(stream: ServerHttp2Stream, code: number, why: string): void {
    stream.on('error', () => undefined).close(code);
    note(`refused: ${why}`);
  }

  function recount(one: HeldStream, change: () => void): void {
    const before = one.bytes;
    change();
    if (open.has(one)) held += one.bytes - before;
  }

  function forget(one: HeldStream): void {
    if (open.delete(one)) held -= one.bytes;
  }

  function cut(one: HeldStream, why: string): void {
    forget(one);
    note(`cut off: ${why}`);
    one.stream.close(NGHTTP2_ENHANCE_YOUR_CALM);
    // A peer that reads nothing would not let even the reset out.
    one.stream.destroy();
  }

  function cutLargest(cost: (one: HeldStream) => number, why: string): number {
    const largest = [...open].reduce<HeldStream | undefined>(
      (most, one) => (most !== undefined && cost(most) >= cost(one) ? most : one),
      undefined,
    );
    if (largest === undefined) return 0;
    const freed = cost(largest);
    cut(largest, why);
    return freed;
  }

  function sweepLater(): void {
    sweeping = true;
    clock.schedule(SWEEP_MS, sweep);
  }

  function sweep(): void {
    const now = clock.monotonic();
    let waiting = 0;
    for (const one of open) {
      const verdict = one.verdict(now);
      if (verdict === undefined) waiting += one.waiting;
      else cut(one, verdict);
    }
    while (waiting > maxHeldBytes) {
      const freed = cutLargest((one) => one.waiting, 'too many bytes of answers');
      if (freed === 0) break;
      waiting -= freed;
    }
    if (seen.size > 0) log.warn({ peers: Object.fromEntries(seen) }, 'peers went beyond their bounds');
    seen.clear();
    sweeping = false;
    if (open.size > 0) sweepLater();
  }

  /** One line a second, however many there are. */
  function note(what: string): void {
    seen.set(what, (seen.get(what) ?? 0) + 1);
    if (!sweeping) sweepLater();
  }

  function guardSession(session: ServerHttp2Session): void {
    const unproven = clock.schedule(limits.handshakeMs, () => {
      note('cut off: says nothing');
      session.destroy();
    });
    let second = 0;
    let settings = 0;
    session.on('remoteSettings', () => {
      unproven();
      const now = Math.floor(clock.monotonic() / 1000);
      settings = now === second ? settings + 1 : 1;
      second = now;
      if (settings > SETTINGS_PER_SECOND) {
        note('cut off: settings without end');
        session.destroy(undefined, NGHTTP2_ENHANCE_YOUR_CALM);
      }
    });
    session.once('close', unproven);
  }

  return (server) => {
    server.maxConnections = limits.maxConnections;
    server.on('drop', () => note('hung up on: too many connections'));
    server.on('session', guardSession);
    wrapStreams(server, guardStream);
  };
}
