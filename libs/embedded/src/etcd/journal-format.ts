import { crc32 } from 'node:zlib';
import { NO_LEASE, type KeyValue } from './wire.ts';

/**
 * A journal is a text file of lines: eight hex digits, the CRC-32 of the rest of the line, a space, and a JSON record. Each line reaches the
 * disk before the next is written, so only the last one can be torn by a crash, and nobody was told that it succeeded.
 */
export interface JournalRecord {
  /** No revision up to and including this one may be given out again after a restart; the last line's word counts. */
  readonly ceiling: number;
  /** Key and value in base64, create revision, mod revision, version. */
  readonly put: readonly (readonly [key: string, value: string, create: number, mod: number, version: number])[];
  /** Keys in base64. */
  readonly drop: readonly string[];
}

/** What the lines of a journal add up to. */
export interface JournalImage {
  ceiling: number;
  /** By binary key. */
  readonly versions: Map<string, KeyValue>;
}

const NEWLINE = 0x0a;

/** The changes of some keys: a version, or undefined where the key is no longer to be kept. */
export function encodeLine(ceiling: number, changes: Iterable<readonly [key: string, KeyValue | undefined]>): string {
  const put: JournalRecord['put'][number][] = [];
  const drop: string[] = [];
  for (const [key, version] of changes) {
    if (version === undefined) drop.push(Buffer.from(key, 'latin1').toString('base64'));
    else {
      const { createRevision, modRevision } = version;
      const [name, value] = [version.key.toString('base64'), version.value.toString('base64')];
      put.push([name, value, createRevision, modRevision, version.version]);
    }
  }
  const text = JSON.stringify({ ceiling, put, drop } satisfies JournalRecord);
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
}

/** Thrown when a line that is not the last cannot be read: the file was damaged after it was written, and what it held is lost. */
export class JournalDamagedError extends Error {
  override readonly name = 'JournalDamagedError';

  constructor(offset: number) {
    super(`the journal is damaged at byte ${offset}: restore it from a copy, or remove it and lose what it holds`);
  }
}

/** @throws JournalDamagedError */
export function readJournal(bytes: Buffer): JournalImage {
  const image: JournalImage = { ceiling: 0, versions: new Map() };
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const record = newline < 0 ? undefined : decodeLine(bytes.subarray(start, end));
    if (record !== undefined) apply(image, record);
    else if (end + 1 < bytes.length) throw new JournalDamagedError(start);
    start = end + 1;
  }
  return image;
}

function decodeLine(line: Buffer): JournalRecord | undefined {
  const text = line.subarray(9);
  if (Number.parseInt(line.toString('latin1', 0, 8), 16) !== crc32(text)) return undefined;
  return JSON.parse(text.toString('utf8')) as JournalRecord;
}

function apply(image: JournalImage, { ceiling, put, drop }: JournalRecord): void {
  image.ceiling = ceiling;
  for (const key of drop) image.versions.delete(Buffer.from(key, 'base64').toString('latin1'));
  for (const [name, value, createRevision, modRevision, version] of put) {
    const key = Buffer.from(name, 'base64');
    image.versions.set(key.toString('latin1'), {
      key,
      value: Buffer.from(value, 'base64'),
      createRevision,
      modRevision,
      version,
      lease: NO_LEASE,
    });
  }
}
