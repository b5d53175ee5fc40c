import { readFile } from 'node:fs/promises';

/** What `stack.json` says. */
export interface Announcement {
  /** `http://127.0.0.1:1234`; several, with commas between them, where a real cluster is used. */
  readonly etcdEndpoint: string;
  /** By service. */
  readonly databaseUrls: Readonly<Record<string, string>>;
  readonly serviceSecret: string;
  /** The process that runs the stack; when it is gone, so is what it announced. */
  readonly pid: number;
  /** Tells that process from a later one with the same id. */
  readonly identity: string;
}

/** The announcement at `path`; `undefined` if there is none, or something that is none. */
export async function readAnnouncement(path: string): Promise<Announcement | undefined> {
  try {
    const read = JSON.parse(await readFile(path, 'utf8')) as Partial<Announcement> | null;
    const whole =
      typeof read?.etcdEndpoint === 'string' &&
      typeof read.databaseUrls === 'object' &&
      typeof read.serviceSecret === 'string' &&
      typeof read.pid === 'number';
    return whole ? (read as Announcement) : undefined;
  } catch {
    return undefined;
  }
}
