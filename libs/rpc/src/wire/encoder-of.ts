import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageType } from '../definition.ts';

/** Bytes of a message above which the buffer that it was written in is not kept. */
const KEPT = 64 * 1024;
/** Small messages lie side by side in slabs: a view of one costs a quarter of what bytes of its own cost. No larger, since one message keeps all of it. */
const SLAB = 4 * 1024;
const SMALL = 512;

/** Where BinaryWriter, of the version that package.json pins, writes to; the spec would miss it. */
interface Insides {
  buffer: Uint8Array;
  pos: number;
}

let writer = new BinaryWriter();
let slabWriter = onSlab();

/**
 * Writes messages of a type. What ts-proto generates takes the writer that it shall use: then all are written in one buffer, which costs half of what
 * a buffer each would. Such a type is known by the writer that its first message comes in; others are left to themselves.
 */
export function encoderOf<T>(type: MessageType<T>): (message: T) => Uint8Array {
  let shares: boolean | undefined;
  let small = true;
  return (message) => {
    if (shares === true) {
      const sharing = type as unknown as SharingType<T>;
      const bytes = small ? written(sharing, message) : shared(sharing, message);
      small = bytes.length <= SMALL;
      return bytes;
    }
    const own = type.encode(message);
    shares ??= own instanceof BinaryWriter;
    return own.finish();
  };
}

interface SharingType<T> {
  encode(message: T, into: BinaryWriter): BinaryWriter;
}

function onSlab(): BinaryWriter {
  const fresh = new BinaryWriter();
  (fresh as unknown as Insides).buffer = new Uint8Array(SLAB);
  return fresh;
}

/** Written where the last one ended. */
function written<T>(type: SharingType<T>, message: T): Uint8Array {
  const slab = slabWriter as unknown as Insides;
  const start = slab.pos;
  let bytes: Uint8Array | undefined;
  try {
    type.encode(message, slabWriter);
    bytes = slab.pos - start <= SMALL ? slab.buffer.subarray(start, slab.pos) : slab.buffer.slice(start, slab.pos);
    return bytes;
  } finally {
    // Full; or what failed half-way has left its half in there.
    if (bytes === undefined || slab.pos > SLAB - SMALL) slabWriter = onSlab();
  }
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
