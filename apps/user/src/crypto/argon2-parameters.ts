/** The cost of one argon2id hash, as its PHC string names it. */
export interface Argon2Parameters {
  /** m: KiB of memory. */
  readonly memoryKib: number;
  /** t: passes over it. */
  readonly passes: number;
  /** p: lanes. */
  readonly parallelism: number;
}
