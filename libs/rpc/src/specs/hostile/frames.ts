import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** HTTP/2 frame by frame, as no honest library would send it. @see https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const TYPES = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAGS = { none: 0, endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const FRAME_HEAD = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

export type Field = readonly [name: string, value: string];

/** HPACK without compression: literals, never indexed. Bytes are latin1. @see https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2 */
export function headerBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  return Buffer.concat([prefixed(text.length, 7, 0), Buffer.from(text, 'latin1')]);
}

/** An integer of HPACK. @see https://www.rfc-editor.org/rfc/rfc7541#section-5.1 */
export function prefixed(value: number, bits: number, pattern: number): Buffer {
  const limit = 2 ** bits - 1;
  if (value < limit) return Buffer.of(pattern | value);
  const bytes = [pattern | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** The fields of an honest call. */
export function callFields(path: string, more: readonly Field[] = []): Field[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'spec'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ];
}

/** A message as gRPC frames it, truthfully unless told otherwise. */
export function framed(message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer {
  return Buffer.concat([Buffer.of(flag), uint32(length), message]);
}

export interface FrameClient {
  readonly socket: net.Socket;
  /** Everything received, in order. */
  readonly received: Frame[];
  /** Resolves when what was sent has been taken, or the connection is gone. */
  send(...bytes: readonly Uint8Array[]): Promise<void>;
  readonly closed: boolean;
  /** Resolves with the first frame that matches, received before or after; with undefined when the connection closes first. */
  until(matches: (frame: Frame) => boolean): Promise<Frame | undefined>;
  whenClosed(): Promise<void>;
}

export interface FrameOptions {
  /** Of the client's first SETTINGS. */
  readonly settings?: readonly Buffer[];
  /** Acknowledge the server's SETTINGS and PINGs; true if absent. */
  readonly polite?: boolean;
}

/** A connection that has sent its preface and says from then on what it is told to. */
export async function frameClient(
  address: string,
  { settings = [], polite = true }: FrameOptions = {},
): Promise<FrameClient> {
  const [host, port] = address.split(':');
  const socket = net.connect({ host: host ?? '', port: Number(port), noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const received: Frame[] = [];
  const listeners = new Set<() => void>();
  let closed = false;
  let rest = Buffer.alloc(0);

  socket.on('close', () => {
    closed = true;
    for (const listener of listeners) listener();
  });
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const length = rest.length < FRAME_HEAD ? Infinity : rest.readUIntBE(0, 3);
      if (rest.length < FRAME_HEAD + length) break;
      const next: Frame = {
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        stream: rest.readUInt32BE(5),
        payload: Buffer.from(rest.subarray(FRAME_HEAD, FRAME_HEAD + length)),
      };
      rest = rest.subarray(FRAME_HEAD + length);
      received.push(next);
      if (polite && (next.flags & FLAGS.ack) === 0 && (next.type === TYPES.settings || next.type === TYPES.ping))
        socket.write(frame(next.type, FLAGS.ack, 0, next.type === TYPES.ping ? next.payload : undefined));
    }
    for (const listener of listeners) listener();
  });

  const client: FrameClient = {
    socket,
    received,
    get closed() {
      return closed;
    },
    async send(...bytes) {
      if (closed || socket.write(Buffer.concat(bytes))) return;
      await new Promise<void>((resolve) => {
        const taken = () => {
          socket.off('drain', taken).off('close', taken);
          resolve();
        };
        socket.on('drain', taken).on('close', taken);
      });
    },
    async until(matches) {
      for (;;) {
        const found = received.find(matches);
        if (found !== undefined || closed) return found;
        const changed = Promise.withResolvers<undefined>();
        const listener = () => changed.resolve(undefined);
        listeners.add(listener);
        await changed.promise;
        listeners.delete(listener);
      }
    },
    async whenClosed() {
      await client.until(() => false);
    },
  };
  await client.send(PREFACE, frame(TYPES.settings, 0, 0, Buffer.concat(settings)));
  // Until they are acknowledged, the server's settings do not bind it.
  if (polite) await client.until(({ type }) => type === TYPES.settings);
  return client;
}
