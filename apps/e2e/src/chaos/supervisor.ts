import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../support/rig.ts';

/** The supervisor of etcd and Postgres, started again by the harness whenever it ends. */
export interface Supervisor {
  /** Whether it is there and said that the shop is open. */
  readonly open: boolean;
  /** Kills it, and starts it again later; resolves when the shop is open again. */
  killFor(downMs: number): Promise<void>;
  /** The times that it ended, or did not come up, without anybody's asking. */
  readonly surprises: readonly string[];
}

export interface SupervisorOptions {
  readonly rig: Pick<Rig, 'stack' | 'killSupervisor' | 'startSupervisor'>;
  readonly pauseMs: () => number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export function keepSupervisor({ rig, pauseMs, signal, say }: SupervisorOptions): Supervisor {
  const surprises: string[] = [];
  const gone = () => signal.aborted;
  let open = true;
  watch();

  function watch(): void {
    rig.stack.process.once('exit', (code, how) => {
      if (!open || gone()) return;
      open = false;
      surprise(`the supervisor ended by itself (${how ?? `code ${code}`}): ${plain(rig.stack.printed())}`);
      void comeBack(pauseMs());
    });
  }

  async function comeBack(firstPauseMs: number): Promise<void> {
    for (let pause = firstPauseMs; !gone(); pause = pauseMs()) {
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (gone()) return;
      try {
        await rig.startSupervisor();
        open = true;
        watch();
        return;
      } catch (error) {
        if (!gone()) surprise(`the supervisor did not come up: ${plain(String(error))}`);
      }
    }
  }

  function surprise(what: string): void {
    surprises.push(what);
    say(`! ${what}`);
  }

  return {
    get open() {
      return open;
    },
    async killFor(downMs) {
      open = false;
      await rig.killSupervisor();
      await comeBack(downMs);
    },
    surprises,
  };
}

/** What it said to people: the lines that are no log. */
function plain(printed: string): string {
  return printed
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n')
    .slice(-1_000);
}
