import type { FieldViolation } from '@stampede/errors';
import { safeParse } from 'zod/v4/core';
import type { Assignment } from './assemble.ts';
import { configError } from './config-error.ts';
import { leavesOf, type Branch, type Leaf } from './schema-tree.ts';

export interface Environment {
  readonly assignments: readonly Assignment[];
  /** Variables that begin like ours and belong to nothing in the schema: misspelt, or somebody else's. */
  readonly unknown: readonly string[];
}

/** `paymentTimeoutMs` → `PAYMENT_TIMEOUT_MS`. */
function upperSnake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
}

/** The variable of a place: the prefix, then each name of the path in upper snake case, joined by underscores. */
export function variableOf(prefix: string, path: readonly string[]): string {
  return [prefix, ...path].map(upperSnake).join('_');
}

/**
 * What the environment says. Each leaf of the schema has one variable; where two would share one (`payment.timeoutMs` and `paymentTimeoutMs`)
 * the schema is refused with CONFIG_AMBIGUOUS. A variable's text is the value where the leaf takes text; else it is read as JSON (`900`, `true`,
 * `["a"]`). What fits neither way is refused with CONFIG_INVALID, all at once, each by the variable's name.
 */
export function readEnvironment(tree: Branch, env: NodeJS.ProcessEnv, prefix: string): Environment {
  const leaves = new Map<string, { path: readonly string[]; leaf: Leaf }>();
  for (const found of leavesOf(tree)) {
    const variable = variableOf(prefix, found.path);
    const other = leaves.get(variable);
    if (other !== undefined) {
      const description = `stands for both ${other.path.join('.')} and ${found.path.join('.')}`;
      throw configError('CONFIG_AMBIGUOUS', [{ field: variable, description }]);
    }
    leaves.set(variable, found);
  }

  const assignments: Assignment[] = [];
  const violations: FieldViolation[] = [];
  for (const [variable, { path, leaf }] of leaves) {
    const text = env[variable];
    if (text === undefined) continue;
    const read = readText(leaf, text);
    if ('why' in read) violations.push({ field: variable, description: read.why });
    else assignments.push({ path, value: read.value });
  }
  if (violations.length > 0) throw configError('CONFIG_INVALID', violations);

  const start = `${variableOf(prefix, [])}_`;
  const unknown = Object.keys(env).filter((name) => name.startsWith(start) && !leaves.has(name));
  return { assignments, unknown };
}

function readText({ schema }: Leaf, text: string): { value: unknown } | { why: string } {
  const asText = safeParse(schema, text);
  if (asText.success) return { value: text };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { why: asText.error.issues.map(({ message }) => message).join(', ') };
  }
  const asJson = safeParse(schema, value);
  if (asJson.success) return { value };
  return { why: asJson.error.issues.map(({ message }) => message).join(', ') };
}
