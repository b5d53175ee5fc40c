import type { CallHeaders } from './headers.ts';

/** A call or a reply as one message of a stream: a number to tell it by, the headers (a call's only), and the message itself. */
export interface Envelope {
  readonly id: number;
  readonly headers: CallHeaders | undefined;
  readonly payload: Uint8Array;
}

const NAMES = ['x-request-id', 'traceparent', 'stampede-service', 'stampede-user', 'x-deadline-ms'] as const;

/** id (4 bytes), number of headers (1), each as length (2) and ASCII, payload. */
export function encodeEnvelope({ id, headers, payload }: Envelope, at = 0): Buffer {
  const values = headers === undefined ? [] : NAMES.map((name) => headers[name]);
  const size = values.reduce((sum, value) => sum + 2 + value.length, 5 + payload.length);
  const buffer = Buffer.allocUnsafe(at + size);
  let offset = buffer.writeUInt8(values.length, buffer.writeUInt32BE(id, at));
  for (const value of values) {
    offset = buffer.writeUInt16BE(value.length, offset);
    offset += buffer.write(value, offset, 'latin1');
  }
  buffer.set(payload, offset);
  return buffer;
}

export function decodeEnvelope(buffer: Buffer): Envelope {
  const values: string[] = [];
  let offset = 5;
  for (let left = buffer.readUInt8(4); left > 0; left -= 1) {
    const end = offset + 2 + buffer.readUInt16BE(offset);
    values.push(buffer.toString('latin1', offset + 2, end));
    offset = end;
  }
  const [requestId = '', traceparent = '', service = '', user = '', deadlineMs = ''] = values;
  const headers = {
    'x-request-id': requestId,
    traceparent,
    'stampede-service': service,
    'stampede-user': user,
    'x-deadline-ms': deadlineMs,
  };
  return {
    id: buffer.readUInt32BE(0),
    headers: values.length === 0 ? undefined : headers,
    payload: buffer.subarray(offset),
  };
}
