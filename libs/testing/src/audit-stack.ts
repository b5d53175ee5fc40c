import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { withoutVitest, WORKSPACE, type Stack } from './start-stack.ts';

/** The audit of a running stack, as `npm run audit -- --json` prints it. */
export interface AuditResult {
  readonly clean: boolean;
  readonly moving: number;
  readonly findings: readonly {
    readonly name: string;
    readonly broken: number;
    readonly figures: Readonly<Record<string, number>>;
    readonly violations: readonly string[];
  }[];
}

/** Runs the audit; `waitSeconds` is how long it may wait for orders in motion. */
export async function auditStack(stack: Pick<Stack, 'dataDir'>, waitSeconds = 30): Promise<AuditResult> {
  const args = ['apps/stack/bin/run.mjs', 'audit', '--json', '--wait', String(waitSeconds)];
  const child = spawn(process.execPath, args, {
    cwd: WORKSPACE,
    env: { ...withoutVitest(process.env), STAMPEDE_DATA: stack.dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const [stdout, stderr] = await said;
  if (code !== 0 && code !== 1) throw new Error(`the audit did not run: ${stderr}`);
  return JSON.parse(stdout) as AuditResult;
}
