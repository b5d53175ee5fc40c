import { AppError } from '@stampede/errors';
import { Metadata, type MetadataValue } from '../metadata.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { GivenNames, TakenNames } from './names.ts';
import { MAX_BLOCK } from './protocol.ts';

/** Bytes that an entry may take beside its name and value. */
const ENTRY = 8;

/** Gives the names that a block will need, outside of any frame. Throws RESOURCE_EXHAUSTED where it is too large. */
export function announceBlock(metadata: Metadata, names: GivenNames, without?: ReadonlySet<string>): void {
  let size = 0;
  for (const [key, values] of metadata) {
    if (without?.has(key) === true) continue;
    for (const value of values) {
      size += key.length + value.length + ENTRY;
      names.announce(key, typeof value === 'string' ? value : '');
    }
  }
  if (size > MAX_BLOCK) {
    throw new AppError('RESOURCE_EXHAUSTED', 'METADATA_TOO_LARGE', `metadata of more than ${MAX_BLOCK} bytes`);
  }
}

/** Writes a block that was announced, into a frame. */
export function writeBlock(
  metadata: Metadata,
  writer: FrameWriter,
  names: GivenNames,
  without?: ReadonlySet<string>,
): void {
  const block = writer.beginBlock();
  for (const [key, values] of metadata) {
    if (without?.has(key) === true) continue;
    for (const value of values) writeEntry(key, value, writer, names);
  }
  writer.endBlock(block);
}

export function writeEntry(key: string, value: MetadataValue, writer: FrameWriter, names: GivenNames): void {
  const slot = names.slotOf(key);
  const id = slot?.id ?? 0;
  writer.u16(id);
  if (id === 0) writer.text(key);
  if (typeof value !== 'string') {
    writer.varint(value.length * 2);
    writer.bytes(value);
  } else if (slot !== undefined && slot.valueId > 0 && slot.value === value) {
    writer.varint(slot.valueId * 2 + 1);
  } else {
    writer.varint(value.length * 2);
    writer.ascii(value);
  }
}

const KEY = /^[0-9a-z_.-]{1,1024}$/;
const TEXT = /^[ -~]*$/;

/** The metadata of a block. What breaks the rules of metadata is left out, and so is what cannot be read, to the block's end. */
export function readBlock(block: Buffer, names: TakenNames): Metadata {
  const entries = new Map<string, MetadataValue[]>();
  const cursor = new Cursor(block);
  while (!cursor.done) {
    const id = cursor.u16();
    const name = id === 0 ? cursor.text(cursor.varint()) : names.get(id);
    const tag = cursor.varint();
    const binary = name?.endsWith('-bin') === true;
    let value: MetadataValue | undefined;
    if ((tag & 1) === 1) value = names.get(tag >>> 1);
    else value = binary ? cursor.bytes(tag >>> 1) : cursor.text(tag >>> 1);
    if (cursor.failed) break;
    if (name === undefined || value === undefined || !isLegal(name, value, binary)) continue;
    const values = entries.get(name);
    if (values === undefined) entries.set(name, [value]);
    else values.push(value);
  }
  return Metadata.received(entries);
}

/** The first value of a text header that `readBlock` would find in the block from `at` to `end` of `bytes`, without making all of them. */
export function readText(bytes: Buffer, at: number, end: number, names: TakenNames, key: string): string | undefined {
  const cursor = new Cursor(bytes, at, end);
  while (!cursor.done) {
    const id = cursor.u16();
    const name = id === 0 ? cursor.text(cursor.varint()) : names.get(id);
    const tag = cursor.varint();
    if (name !== key) {
      if ((tag & 1) === 0) cursor.skip(tag >>> 1);
      continue;
    }
    const value = (tag & 1) === 1 ? names.get(tag >>> 1) : cursor.text(tag >>> 1);
    if (!cursor.failed && value !== undefined && TEXT.test(value)) return value;
  }
  return undefined;
}

function isLegal(name: string, value: MetadataValue, binary: boolean): boolean {
  return KEY.test(name) && (typeof value === 'string' ? !binary && TEXT.test(value) : binary);
}

/** Reads what may be anything: what is not there reads as nothing, and `failed` says so. */
class Cursor {
  failed = false;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.failed || this.#at >= this.#end;
  }

  u16(): number {
    return this.#u8() | (this.#u8() << 8);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  bytes(length: number): Buffer {
    const at = this.skip(length);
    return this.#bytes.subarray(at, this.#at);
  }

  text(length: number): string {
    const at = this.skip(length);
    return this.failed ? '' : this.#bytes.toString('latin1', at, this.#at);
  }

  /** Answers where they begin. */
  skip(length: number): number {
    const at = this.#at;
    this.#at += length;
    this.failed ||= this.#at > this.#end;
    return at;
  }

  #u8(): number {
    const at = this.skip(1);
    return this.failed ? 0 : (this.#bytes[at] ?? 0);
  }
}
