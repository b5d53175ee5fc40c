import { connect, type Socket } from 'node:net';

/** An answer's status; 0 where the connection failed before there was one. */
export type OnAnswer = (status: number) => void;

/** A keep-alive connection that carries one request at a time. */
export interface HttpConnection {
  /** Sends a whole request, ASCII. Only after the one before was answered. */
  send(request: string, onAnswer: OnAnswer): void;
  close(): void;
}

const READ_BYTES = 16 * 1024;
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CLOSES = /\r\nconnection: *close/i;

/**
 * The least that an HTTP/1.1 client can do and still be one: a status, a length, and as many bytes past it. What is lost with a connection
 * is answered 0, and the next request opens a new one. Bodies without a Content-Length are not understood.
 */
export function openConnection(host: string, port: number): HttpConnection {
  let socket: Socket | undefined;
  let waiting: OnAnswer | undefined;
  let head = '';
  /** Bytes of the body that are still to come; undefined while the head is. */
  let missing: number | undefined;
  let status = 0;
  let closes = false;

  function open(): Socket {
    // Bytes are read into one buffer, past the machinery of streams.
    const onread = {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback(length: number, buffer: Uint8Array) {
        receive(buffer.subarray(0, length) as Buffer, opened);
        return true;
      },
    };
    const opened: Socket = connect({ host, port, noDelay: true, onread });
    [head, missing, closes] = ['', undefined, false];
    opened.on('error', () => undefined);
    opened.on('close', () => lose(opened));
    return opened;
  }

  function receive(chunk: Buffer, from: Socket): void {
    if (missing !== undefined) return take(chunk.length, from);
    const before = head.length;
    head += chunk.toString('latin1');
    const end = head.indexOf(HEAD_END);
    if (end === -1) return;
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (length === undefined) return void from.destroy(new Error('an answer without Content-Length'));
    status = Number(head.slice(9, 12));
    closes = CLOSES.test(head);
    missing = Number(length);
    take(before + chunk.length - end - HEAD_END.length, from);
  }

  function take(bytes: number, from: Socket): void {
    missing = (missing ?? 0) - bytes;
    if (missing > 0) return;
    [head, missing] = ['', undefined];
    const answered = waiting;
    waiting = undefined;
    if (closes) {
      socket = undefined;
      from.end();
    }
    answered?.(status);
  }

  function lose(lost: Socket): void {
    if (socket !== lost) return;
    socket = undefined;
    const answered = waiting;
    waiting = undefined;
    answered?.(0);
  }

  return {
    send(request, onAnswer) {
      waiting = onAnswer;
      socket ??= open();
      socket.write(request, 'latin1');
    },
    close() {
      const closing = socket;
      socket = undefined;
      closing?.destroy();
    },
  };
}
