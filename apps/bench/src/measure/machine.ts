import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { medianOf, rounded } from './spread.ts';

/** Where a figure was taken: without it, it says nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly os: string;
  readonly node: string;
  /** Processes that wanted a core in the minute before the bench: well above 0, somebody else was at work. */
  readonly loadBefore: number;
  /** What the temporary folder, which holds all data, is on; and what one `fsync` of a page there takes, which bounds every commit. */
  readonly disk: string;
  readonly fsyncMs: number;
}

/** `f_type` of statfs(2), for the file systems that one meets. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x01021994: 'tmpfs (memory: no commit is durable)',
};

export function describeMachine(): Machine {
  const type = statfsSync(tmpdir()).type;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: rounded(totalmem() / 2 ** 30, 3),
    os: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    loadBefore: rounded(loadavg()[0] ?? 0, 3),
    disk: FILE_SYSTEMS[type] ?? `type 0x${type.toString(16)}`,
    fsyncMs: rounded(fsyncMs(), 3),
  };
}

function fsyncMs(): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'stampede-fsync-'));
  const file = openSync(path.join(folder, 'page'), 'w');
  try {
    const page = Buffer.alloc(8_192, 1);
    const times = Array.from({ length: 20 }, () => {
      const begun = performance.now();
      writeSync(file, page);
      fsyncSync(file);
      return performance.now() - begun;
    });
    return medianOf(times);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

export function machineText(machine: Machine): string {
  const { cpu, cores, memoryGib, os, node, loadBefore, disk, fsyncMs: sync } = machine;
  return `${cores} cores of ${cpu}, ${memoryGib} GiB, ${os}, Node ${node}; data on ${disk}, fsync ${sync} ms; load before ${loadBefore}`;
}
