import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { EmbeddedLog } from '../embedded-log.ts';
import type { Change } from './event-log.ts';
import { encodeLine, readJournal } from './journal-format.ts';
import { sizeOf } from './key-history.ts';
import { NO_LEASE, type KeyValue } from './wire.ts';

/** Revisions reserved ahead: a write that is not kept (of a leased key) costs no write to the disk but once in so many. */
const RESERVED = 10_000;
/** The journal is rewritten when it has grown to twice what it was and at least to this many bytes. */
const SMALLEST_REWRITE = 4 * 1024 * 1024;
/** A line takes no further revision, or key of a rewritten journal, when it has this many bytes. */
const FULL_LINE = 4 * 1024 * 1024;

/** What makes a change outlast the process, or not. */
export interface Journal {
  /** Called for every revision, at once. */
  record(revision: number, changes: readonly Change[]): void;
  /** Fulfilled when all that was recorded is on the disk; undefined where it is already. Rejects for ever once a write has failed. */
  settled(): Promise<void> | undefined;
  close(): Promise<void>;
}

/** Keeps nothing. */
export const noJournal: Journal = {
  record: () => undefined,
  settled: () => undefined,
  close: () => Promise.resolve(),
};

export interface OpenedJournal {
  readonly journal: Journal;
  /** What an earlier process left; undefined for a new folder. */
  readonly restored: { readonly revision: number; readonly versions: KeyValue[] } | undefined;
}

/**
 * Opens the journal in a folder of its own: keys without a lease outlast the process, keys with one do not. All that is recorded while a write
 * is under way goes to the disk with the next one (append, fdatasync). The file is rewritten whole, atomically, when it opens and when it has
 * doubled; writes wait for that.
 * @throws JournalDamagedError
 */
export async function openJournal(folder: string, log: EmbeddedLog): Promise<OpenedJournal> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'journal');
  const found = await readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  const image = found === undefined ? undefined : readJournal(found);
  // Leased keys are gone without an event. A client that saw the ceiling and watches on from the next revision must be told that this is
  // compacted, so the first revision of this life, which counts as compacted, is the one after that.
  const revision = image === undefined ? 1 : image.ceiling + 2;
  const restored = image && { revision, versions: [...image.versions.values()] };
  const journal = new FileJournal(path, log, revision, image?.versions ?? new Map<string, KeyValue>());
  await journal.open();
  return { journal, restored };
}

/** Changes that go to the disk as one line, whole revisions each. */
interface Line {
  readonly changes: Map<string, KeyValue | undefined>;
  bytes: number;
}

class FileJournal implements Journal {
  readonly #path: string;
  readonly #log: EmbeddedLog;
  /** The versions without a lease: what the file and the pending lines add up to. */
  readonly #kept: Map<string, KeyValue>;
  #file: FileHandle | undefined;
  #size = 0;
  #rewriteAt = 0;
  #revision: number;
  #ceiling: number;
  #pending: Line[] = [];
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failed: Promise<void> | undefined;

  constructor(path: string, log: EmbeddedLog, revision: number, kept: Map<string, KeyValue>) {
    this.#path = path;
    this.#log = log;
    this.#revision = revision;
    this.#ceiling = revision + RESERVED;
    this.#kept = kept;
  }

  open(): Promise<void> {
    return this.#rewrite();
  }

  record(revision: number, changes: readonly Change[]): void {
    this.#revision = revision;
    let line = this.#pending.at(-1);
    const change = (key: string, version: KeyValue | undefined) => {
      if (line === undefined) this.#pending.push((line = { changes: new Map(), bytes: 0 }));
      line.changes.set(key, version);
      line.bytes += version === undefined ? key.length : sizeOf(version);
    };
    if (line !== undefined && line.bytes > FULL_LINE) line = undefined;
    for (const { kind, key, version } of changes) {
      if (kind === 'put' && version.lease === NO_LEASE) {
        this.#kept.set(key, version);
        change(key, version);
      } else if (this.#kept.delete(key)) change(key, undefined);
    }
    if (revision > this.#ceiling) {
      this.#ceiling = revision + RESERVED;
      if (this.#pending.length === 0) this.#pending.push({ changes: new Map(), bytes: 0 });
    }
  }

  settled(): Promise<void> | undefined {
    if (this.#failed !== undefined) return this.#failed;
    if (this.#pending.length > 0) this.#next ??= this.#flush();
    return this.#next ?? this.#writing;
  }

  async close(): Promise<void> {
    try {
      await this.settled();
      // Says exactly how far it came, so that the next life continues right there.
      await this.#append(encodeLine(this.#revision, []));
    } finally {
      await this.#file?.close();
      this.#file = undefined;
    }
  }

  /** The one flush that follows the one under way, or this turn of the event loop: all that is recorded until then goes along. */
  #flush(): Promise<void> {
    const flush = async () => {
      await (this.#writing ?? turn());
      this.#writing = this.#next;
      this.#next = undefined;
      const lines = this.#pending;
      this.#pending = [];
      for (const { changes } of lines) await this.#append(encodeLine(this.#ceiling, changes));
      if (this.#size > this.#rewriteAt) await this.#rewrite();
      this.#writing = undefined;
    };
    const done = flush();
    done.catch((error: unknown) => {
      // For good: what is in memory and not on the disk may not be told to anybody, and a line after a torn one would damage the file.
      if (this.#failed === undefined) {
        this.#log.warn(
          { err: error, path: this.#path },
          'the etcd journal cannot be written, nothing is answered any more',
        );
      }
      this.#failed ??= done;
    });
    return done;
  }

  async #append(line: string): Promise<void> {
    if (this.#file === undefined) throw new Error('the journal is closed');
    await this.#file.appendFile(line);
    await this.#file.datasync();
    this.#size += line.length;
  }

  async #rewrite(): Promise<void> {
    const draft = `${this.#path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      this.#size = 0;
      for (const line of linesOf(this.#ceiling, [...this.#kept])) {
        await file.appendFile(line);
        this.#size += line.length;
      }
      await file.datasync();
      await rename(draft, this.#path);
      await syncFolder(this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#rewriteAt = Math.max(2 * this.#size, SMALLEST_REWRITE);
  }
}

/** At least one line, for the ceiling. */
function* linesOf(ceiling: number, entries: readonly [string, KeyValue][]): Generator<string> {
  let from = 0;
  let bytes = 0;
  for (const [index, [, version]] of entries.entries()) {
    bytes += sizeOf(version);
    if (bytes <= FULL_LINE) continue;
    yield encodeLine(ceiling, entries.slice(from, index + 1));
    from = index + 1;
    bytes = 0;
  }
  yield encodeLine(ceiling, entries.slice(from));
}

/** Makes a rename last. Windows has no such thing, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(join(path, '..'), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
