import { randomBytes, randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** The passwords of a cluster's roles, by role. */
export type Passwords = Readonly<Record<string, string>>;

/**
 * The generated passwords of `dataDir`, kept in passwords.json (mode 600): those that are there, and new ones for roles that have none yet.
 * They are on disk before anyone uses them.
 */
export async function loadPasswords(dataDir: string, roles: readonly string[]): Promise<Passwords> {
  const path = join(dataDir, 'passwords.json');
  const kept = JSON.parse(await readFile(path, 'utf8').catch(ifMissing)) as Passwords;
  const missing = roles.filter((role) => kept[role] === undefined);
  if (missing.length === 0) return kept;
  const all = { ...kept, ...Object.fromEntries(missing.map((role) => [role, randomBytes(24).toString('base64url')])) };
  await writeDurably(path, JSON.stringify(all, undefined, 2));
  return all;
}

function ifMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '{}';
  throw error;
}

async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
