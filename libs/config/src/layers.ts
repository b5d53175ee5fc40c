import type { z } from 'zod';
import { safeParse } from 'zod/v4/core';
import { assemble, type Assignment } from './assemble.ts';
import type { Branch } from './schema-tree.ts';

/** What one key of etcd sets. */
export interface Layer {
  readonly depth: number;
  readonly assignments: readonly Assignment[];
}

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly z.core.$ZodIssue[] };

export interface Layers<T> {
  /** What the environment, the defaults and all accepted keys make together. */
  parse(): Parsed<T>;
  /** The key's value, whether it was accepted; it stays pending until it is. */
  propose(key: string, layer: Layer): void;
  /** The key's pending value is no more; what was accepted of it stays. */
  withdraw(key: string): void;
  accepted(key: string): boolean;
  /**
   * Accepts as many pending keys as can be, together where they only hold together, and gives why the others cannot. One bad key holds no
   * good one up; a key that was refused is tried again whenever another one comes.
   */
  settle(): ReadonlyMap<string, string>;
}

/** The configuration as layers: the environment over the schema's defaults, and over it one layer a key, the deeper the later. */
export function createLayers<S extends z.ZodObject>(
  schema: S,
  tree: Branch,
  environment: readonly Assignment[],
): Layers<z.output<S>> {
  let taken = new Map<string, Layer>();
  const pending = new Map<string, Layer>();

  function parse(layers: ReadonlyMap<string, Layer>): Parsed<z.output<S>> {
    const ordered = [...layers].sort(([a, { depth: i }], [b, { depth: j }]) => i - j || (a < b ? -1 : 1));
    const assignments = [...environment, ...ordered.flatMap(([, layer]) => layer.assignments)];
    const result = safeParse(schema, assemble(tree, assignments));
    return result.success ? { ok: true, value: result.data } : { ok: false, issues: result.error.issues };
  }

  /** Takes the keys if all of them together with what is accepted make a whole; gives what is wrong otherwise. */
  function take(keys: Iterable<string>): readonly z.core.$ZodIssue[] {
    const layers = new Map(taken);
    for (const key of keys) {
      const layer = pending.get(key);
      if (layer !== undefined) layers.set(key, layer);
    }
    const result = parse(layers);
    if (!result.ok) return result.issues;
    taken = layers;
    for (const key of keys) pending.delete(key);
    return [];
  }

  return {
    parse: () => parse(taken),
    propose: (key, layer) => void pending.set(key, layer),
    withdraw: (key) => void pending.delete(key),
    accepted: (key) => taken.has(key),
    settle() {
      const why = new Map<string, string>();
      // First all together, without those that the schema blames, until it blames nobody.
      for (const trial = new Set(pending.keys()); trial.size > 0;) {
        const issues = take([...trial]);
        const blamed = [...trial].filter((key) => issues.some((issue) => touches(pending.get(key), issue)));
        if (blamed.length === 0) break;
        for (const key of blamed) trial.delete(key);
      }
      // Then each for itself: where the schema blames a place that nobody has set, it is the way to find who is at fault.
      for (let progress = true; progress;) {
        progress = false;
        for (const key of [...pending.keys()]) {
          const issues = take([key]);
          progress ||= issues.length === 0;
          if (issues.length === 0) why.delete(key);
          else why.set(key, explain(issues));
        }
      }
      return why;
    },
  };
}

function touches(layer: Layer | undefined, { path }: z.core.$ZodIssue): boolean {
  return (layer?.assignments ?? []).some((assignment) => {
    const shared = Math.min(assignment.path.length, path.length);
    return shared > 0 && assignment.path.slice(0, shared).every((name, index) => name === path[index]);
  });
}

export function explain(issues: readonly z.core.$ZodIssue[]): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}
