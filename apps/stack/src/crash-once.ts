import type { Program } from './launch.ts';

/**
 * The program with STAMPEDE_CRASH_AT until it has died there: once, so that it can show how it recovers. It knows its points by itself, and says
 * at which it kills itself (@stampede/service).
 */
export function crashOnce(program: Program, at: string): Program {
  let armed = true;
  return {
    ...program,
    env: (lastReady) => ({ ...program.env(lastReady), STAMPEDE_CRASH_AT: armed ? at : '' }),
    ended(lastLine) {
      if (!armed || !lastLine.startsWith(`killed at ${at},`)) return undefined;
      armed = false;
      return `: ${lastLine}, which it is not asked again,`;
    },
  };
}
