import grpc from '@grpc/grpc-js';
import { Metadata, type MetadataValue } from '../metadata.ts';

/** Our metadata as grpc-js sends it. Bytes are shared, not copied. */
export function toGrpc(metadata: Metadata | undefined): grpc.Metadata {
  const result = new grpc.Metadata();
  if (metadata === undefined) return result;
  for (const [key, values] of metadata) {
    // Node refuses a second value for some headers, and grpc-js drops the connection for it.
    if (key.endsWith('-bin')) for (const value of values) result.add(key, asGrpc(value));
    else result.set(key, values.join(', '));
  }
  return result;
}

/** What grpc-js received. Bytes are shared, not copied. */
export function fromGrpc(metadata: grpc.Metadata): Metadata {
  return Metadata.received(Object.entries(metadata.toJSON()));
}

/** A view of the same bytes as a Buffer, which grpc-js wants. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asGrpc(value: MetadataValue): grpc.MetadataValue {
  return typeof value === 'string' ? value : asBuffer(value);
}
