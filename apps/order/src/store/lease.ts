/** Whose name this instance puts on the sagas it drives, and for how long. */
export interface Lease {
  /** The id of this process; a new one for each. */
  readonly owner: string;
  /** Seconds of database time. */
  readonly seconds: () => number;
}
