/** What a bench is run with. */
export interface BenchOptions {
  /** Of each measurement. */
  readonly seconds: number;
  /** How often everything is measured, the peers in turn. */
  readonly rounds: number;
  /** Which of its parts are wanted; all if absent. */
  readonly parts?: readonly string[];
  /** Tells whoever waits what is going on. */
  readonly say: (line: string) => void;
  /** Aborts when the bench is to end early. */
  readonly signal: AbortSignal;
  /** What is to be undone when the bench is over, however it ends. */
  readonly scope: AsyncDisposableStack;
}

/** What a bench found. */
export interface Report {
  /** What `--json` prints, besides the machine and the options. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly text: string;
  /** What promise was broken: then nothing but this is printed. */
  readonly broken?: string;
}

/** A benchmark: one file below `benches/`, named in `benches/index.ts`. */
export interface Bench {
  readonly name: string;
  /** What it measures, in a line. */
  readonly summary: string;
  /** What can be asked for by itself, by names after the bench's; nothing if absent. */
  readonly parts?: readonly string[];
  /** What holds where the command line says nothing. */
  readonly defaults: { readonly seconds: number; readonly rounds: number };
  run(options: BenchOptions): Promise<Report>;
}
