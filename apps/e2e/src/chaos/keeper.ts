import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../support/program.ts';
import type { Rig } from '../support/rig.ts';

/** Starts again what ended, as a supervisor would. */
export interface Keeper {
  /** The program is about to be ended on purpose, and is to be started again so many milliseconds later. */
  expect(program: Program, downMs: number): void;
  /** The programs that ended, or did not start, without anybody's asking. */
  readonly surprises: readonly string[];
  /** Whether all programs serve. */
  readonly allServe: boolean;
  /** Nothing is started any more. */
  stop(): Promise<void>;
}

export interface KeeperOptions {
  readonly rig: Pick<Rig, 'programs'>;
  /** The pause before a program that ended by itself is started again. */
  readonly pauseMs: () => number;
  readonly say: (line: string) => void;
}

export function startKeeper({ rig, pauseMs, say }: KeeperOptions): Keeper {
  const expected = new Map<string, number>();
  const starting = new Set<string>();
  const surprises: string[] = [];
  const leaving = new AbortController();
  const { signal } = leaving;
  const gone = () => signal.aborted;
  const left = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(undefined);
    });
  });

  async function keep(program: Program): Promise<void> {
    const { name } = program;
    for (;;) {
      const how = await Promise.race([program.exited(), left]);
      if (gone()) return;
      const downMs = expected.get(name);
      expected.delete(name);
      if (downMs === undefined) surprise(`${name} ended by itself: ${String(how)}`);
      await sleep(downMs ?? pauseMs(), undefined, { signal }).catch(() => undefined);
      if (gone()) return;
      starting.add(name);
      await Promise.race([program.start().catch(surprised(name)), left]);
      starting.delete(name);
    }
  }

  function surprised(name: string): (error: Error) => void {
    return ({ message }) => {
      if (!gone() && !expected.has(name)) surprise(message.split('\n')[0] ?? message);
    };
  }

  function surprise(what: string): void {
    surprises.push(what);
    say(`! ${what}`);
  }

  const work = rig.programs.map(keep);
  return {
    expect: (program, downMs) => void expected.set(program.name, downMs),
    surprises,
    get allServe() {
      return starting.size === 0 && rig.programs.every(({ ended }) => ended === undefined);
    },
    async stop() {
      leaving.abort();
      await Promise.all(work);
    },
  };
}
