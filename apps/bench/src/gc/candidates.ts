/** Flags of Node by a name. */
export interface Candidate {
  readonly name: string;
  /** As STAMPEDE_NODE_FLAGS; absent: those that ship. */
  readonly flags?: string;
}

const semiSpace = (least: number, most: number) => `--min-semi-space-size=${least} --max-semi-space-size=${most}`;

/**
 * What may win. The semi-space is where objects are born (MiB; Node's own: 1 growing to 16): the larger, the more die before anybody looks at
 * them. Threads that help collecting take time from the other processes of a machine that has none to spare.
 */
export const CANDIDATES: readonly Candidate[] = [
  { name: 'shipped' },
  // Ends the flags: none.
  { name: 'defaults', flags: '--' },
  { name: 'max-32', flags: '--max-semi-space-size=32' },
  { name: 'max-64', flags: '--max-semi-space-size=64' },
  { name: 'max-128', flags: '--max-semi-space-size=128' },
  { name: 'fixed-16', flags: semiSpace(16, 16) },
  { name: 'fixed-32', flags: semiSpace(32, 32) },
  { name: 'fixed-64', flags: semiSpace(64, 64) },
  { name: 'single', flags: '--single-threaded-gc' },
  { name: 'single-fixed-32', flags: `--single-threaded-gc ${semiSpace(32, 32)}` },
  { name: 'for-size', flags: '--optimize-for-size' },
];
