import { stat } from 'node:fs/promises';
import { run, type Account } from '../process/run.ts';

/**
 * Who runs Postgres, which refuses to run as root: ourselves (`undefined`) unless we are root; then the owner of the cluster that is there
 * already, else the account `postgres`, made if it is missing, else `nobody` where accounts cannot be made.
 */
export async function findAccount(cluster: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(cluster).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `uid ${owner.uid}` };
  const account = (await lookUp('postgres')) ?? (await create('postgres')) ?? (await lookUp('nobody'));
  if (account === undefined) {
    throw new Error(
      'Postgres does not run as root, and there is neither an account "postgres" nor "nobody" to run it as: create one, or start as an ordinary user',
    );
  }
  return account;
}

async function lookUp(name: string): Promise<Account | undefined> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  if (uid.code !== 0 || gid.code !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output), name };
}

/** Another process may be doing the same: what counts is that the account is there in the end. */
async function create(name: string): Promise<Account | undefined> {
  await run('groupadd', ['--system', name]);
  await run('useradd', ['--system', '--gid', name, '--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  return lookUp(name);
}
