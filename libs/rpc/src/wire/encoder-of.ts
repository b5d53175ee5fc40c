import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageType } from '../definition.ts';

/** Bytes of a message above which the buffer that it was written in is not kept. */
const KEPT = 64 * 1024;

let writer = new BinaryWriter();

/**
 * Writes messages of a type. What ts-proto generates takes the writer that it shall use: then all are written in one buffer, which costs half of what
 * a buffer each would. Such a type is known by the writer that its first message comes in; others are left to themselves.
 */
export function encoderOf<T>(type: MessageType<T>): (message: T) => Uint8Array {
  let shares: boolean | undefined;
  return (message) => {
    if (shares === true) return shared(type as unknown as SharingType<T>, message);
    const own = type.encode(message);
    shares ??= own instanceof BinaryWriter;
    return own.finish();
  };
}

interface SharingType<T> {
  encode(message: T, into: BinaryWriter): BinaryWriter;
}

function shared<T>(type: SharingType<T>, message: T): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = type.encode(message, writer).finish();
    return bytes;
  } finally {
    // What failed half-way has left its half in there.
    if (bytes === undefined || bytes.length > KEPT) writer = new BinaryWriter();
  }
}
