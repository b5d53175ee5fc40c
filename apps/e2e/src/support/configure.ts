import { spawnSync } from 'node:child_process';
import { ROOT, withoutVitest, type Stack } from './stack.ts';

/** `npm run config -- …` on a running stack; it is in force everywhere within a second. Throws what it complains of. */
export function configure(stack: Pick<Stack, 'dataDir'>, ...args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, ['apps/stack/bin/run.mjs', 'config', ...args], {
    cwd: ROOT,
    env: { ...withoutVitest(process.env), STAMPEDE_DATA: stack.dataDir },
    encoding: 'utf8',
  });
  if (status !== 0 || stderr !== '') throw new Error(`config ${args.join(' ')}: ${stderr}`);
}
