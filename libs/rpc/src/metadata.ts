const KEY = /^[0-9a-z_.-]+$/;
/** Names that belong to HTTP/2 or gRPC itself: sending them breaks the call, and in Node the connection with it. */
const RESERVED = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ...['te', 'host', 'content-type', 'content-length', 'user-agent'],
  ...['grpc-status', 'grpc-message', 'grpc-timeout', 'grpc-encoding', 'grpc-accept-encoding'],
]);
/** Printable ASCII, as HTTP/2 headers of gRPC allow it. */
const TEXT = /^[ -~]*$/;

/** Text, or bytes for names that end in `-bin`. */
export type MetadataValue = string | Uint8Array;
type BinaryKey = `${string}-bin`;

/**
 * Headers or trailers of a call. Keys are lower case; a key that ends in `-bin` holds bytes, every other printable ASCII.
 * A key may have several values, in order; on the wire, those of a text key may arrive as one, joined by commas. Illegal and reserved keys
 * and illegal values throw a TypeError.
 *
 * @example new Metadata({ 'x-tenant': 'north', 'blob-bin': Uint8Array.of(1, 2) }).get('x-tenant')
 */
export class Metadata implements Iterable<readonly [string, readonly MetadataValue[]]> {
  readonly #values = new Map<string, MetadataValue[]>();

  constructor(entries: Readonly<Record<string, MetadataValue>> = {}) {
    for (const [key, value] of Object.entries(entries)) this.set(key, value);
  }

  /** Takes over what a transport received: keys and values have been checked by it. `values` is owned by the metadata from here on. */
  static received(entries: Iterable<readonly [string, MetadataValue[]]>): Metadata {
    const metadata = new Metadata();
    for (const [key, values] of entries) metadata.#values.set(key, values);
    return metadata;
  }

  get size(): number {
    return this.#values.size;
  }

  has(key: string): boolean {
    return this.#values.has(key.toLowerCase());
  }

  /** The first value. */
  get(key: BinaryKey): Uint8Array | undefined;
  get(key: string): string | undefined;
  get(key: string): MetadataValue | undefined {
    return this.#values.get(key.toLowerCase())?.[0];
  }

  getAll(key: string): readonly MetadataValue[] {
    return this.#values.get(key.toLowerCase()) ?? [];
  }

  set(key: string, ...values: MetadataValue[]): this {
    const name = checked(key, values);
    this.#values.set(name, values);
    return this;
  }

  append(key: string, value: MetadataValue): this {
    const name = checked(key, [value]);
    const existing = this.#values.get(name);
    if (existing === undefined) this.#values.set(name, [value]);
    else existing.push(value);
    return this;
  }

  delete(key: string): boolean {
    return this.#values.delete(key.toLowerCase());
  }

  [Symbol.iterator](): IterableIterator<readonly [string, readonly MetadataValue[]]> {
    return this.#values.entries();
  }
}

function checked(key: string, values: readonly MetadataValue[]): string {
  const name = key.toLowerCase();
  if (!KEY.test(name)) throw new TypeError(`metadata key ${JSON.stringify(key)} has illegal characters`);
  if (RESERVED.has(name)) throw new TypeError(`metadata key ${name} is reserved`);
  const binary = name.endsWith('-bin');
  for (const value of values) {
    if (binary === (typeof value === 'string')) {
      throw new TypeError(`metadata ${name} must be ${binary ? 'bytes' : 'text'}`);
    }
    if (typeof value === 'string' && !TEXT.test(value)) {
      throw new TypeError(`metadata ${name} has characters outside printable ASCII`);
    }
  }
  return name;
}
