import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from '../process/identity-of.ts';
import { readAnnouncement, type Announcement } from './announcement.ts';

export interface AnnounceBackingOptions {
  /** The data folder of the stack; the announcement is `stack.json` in it. */
  readonly dataDir: string;
  readonly backing: Omit<Announcement, 'identity'>;
}

/**
 * Tells the processes of this data folder where its backing services are, once they answer: `stack.json`, readable by this user alone (it holds
 * passwords), whole or not at all. The returned function takes it back, unless another stack has announced itself since.
 *
 * @example const withdraw = await announceBacking({ dataDir, backing: { etcdEndpoint, databaseUrls, serviceSecret, pid: process.pid } });
 */
export async function announceBacking({ dataDir, backing }: AnnounceBackingOptions): Promise<() => Promise<void>> {
  const path = join(dataDir, 'stack.json');
  const announcement: Announcement = { ...backing, identity: (await identityOf(backing.pid)) ?? '' };
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  await file.writeFile(JSON.stringify(announcement, undefined, 2)).finally(() => file.close());
  await rename(draft, path);
  return async () => {
    const now = await readAnnouncement(path);
    if (now?.pid === announcement.pid && now.identity === announcement.identity) await rm(path, { force: true });
  };
}
