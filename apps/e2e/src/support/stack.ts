import { processesOf, startStack as bringUp, type Stack, type StackOptions } from '@stampede/testing';
import { realServers } from './real-servers.ts';

export {
  auditStack,
  childrenOf,
  processesOf,
  withoutVitest,
  WORKSPACE as ROOT,
  type AuditResult,
  type Stack,
  type StackOptions,
} from '@stampede/testing';

/** Brings a stack up on free ports in a folder of its own, on real servers where there are some, and waits until it says that it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const servers = await realServers();
  const stack = await bringUp({ ...options, env: { ...servers.env, ...options.env } });
  return {
    ...stack,
    async remove() {
      await servers.stop();
      await stack.remove();
    },
  };
}

/** The pids of an app's instances. */
export function instancesOf(stack: Stack, app: string): number[] {
  return processesOf(stack.dataDir)
    .filter(
      ({ command }) =>
        command.includes(`apps/${app}/src/main.ts`) && !command.includes('run.mjs') && !command.includes('nx'),
    )
    .map(({ pid }) => pid);
}
