/** Short ways to write requests in specs. */

export const bytes = (text: string) => Buffer.from(text, 'latin1');

/** The first key behind all that begin with `prefix`. */
export function prefixEnd(prefix: string): Buffer {
  const end = bytes(prefix);
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return end;
}

export const key = (name: string) => ({ key: bytes(name) });
export const prefix = (name: string) => ({ key: bytes(name), rangeEnd: prefixEnd(name) });
export const fromKey = (name: string) => ({ key: bytes(name), rangeEnd: Buffer.of(0) });
export const entry = (name: string, value: string) => ({ key: bytes(name), value: bytes(value) });

export const opRange = (request: object) => ({ requestRange: request });
export const opPut = (request: object) => ({ requestPut: request });
export const opDelete = (request: object) => ({ requestDeleteRange: request });
export const opTxn = (request: object) => ({ requestTxn: request });
