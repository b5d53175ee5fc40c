import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SiegeOptions<T> {
  /** The process under attack. */
  readonly pid: number;
  readonly attack: () => Promise<T>;
  /** What a well-behaved client asks meanwhile, again and again; rejects where it is not answered as it should be. */
  readonly probe: () => Promise<unknown>;
  /** The probe goes on at least so often, however short the attack; 3 if absent. */
  readonly probes?: number;
}

export interface Siege<T> {
  readonly outcome: T;
  /** Times that the well-behaved client was answered. */
  readonly answered: number;
  /** What it met instead of an answer. */
  readonly failures: readonly unknown[];
  /** Milliseconds of its longest wait. */
  readonly worstMs: number;
  /** Mebibytes of resident memory that the process had at most, beyond what it had before. */
  readonly grownMb: number;
}

const PAUSE_MS = 25;

/**
 * Attacks a process while a well-behaved client goes on asking, and tells how both fared. Linux.
 *
 * @example const { failures, grownMb } = await besiege({ pid, attack: () => flood(address), probe: () => client.echo({}) });
 */
export async function besiege<T>({ pid, attack, probe, probes = 3 }: SiegeOptions<T>): Promise<Siege<T>> {
  const before = residentMb(pid);
  const failures: unknown[] = [];
  let most = before;
  let answered = 0;
  let worstMs = 0;
  let over = false;

  async function ask(): Promise<void> {
    while (!over || answered + failures.length < probes) {
      const started = performance.now();
      try {
        await probe();
        answered += 1;
      } catch (error) {
        failures.push(error);
      }
      worstMs = Math.max(worstMs, performance.now() - started);
      await sleep(PAUSE_MS);
    }
  }

  async function measure(): Promise<void> {
    while (!over) {
      most = Math.max(most, residentMb(pid));
      await sleep(PAUSE_MS);
    }
  }

  const others = [ask(), measure()];
  const outcome = await attack().finally(() => (over = true));
  await Promise.all(others);
  return { outcome, answered, failures, worstMs, grownMb: Math.max(most, residentMb(pid)) - before };
}

/** Mebibytes of memory that a process holds; throws where it lives no more. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} is gone`);
  return Number(kib) / 1024;
}

/** Sockets that a process has open. */
export function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}
