import { isObject, type Branch } from './schema-tree.ts';

/** One value for one place. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What a schema is to parse: the assignments in turn, later ones over earlier ones, and an empty object wherever one is required. */
export function assemble(tree: Branch, assignments: readonly Assignment[]): Record<string, unknown> {
  const root = { ...structuredClone(tree.base) } as Record<string, unknown>;
  for (const { path, value } of assignments) assign(tree, root, path, value);
  fill(tree, root);
  return root;
}

function assign(branch: Branch, target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  const child = branch.children.get(name);
  if (rest.length === 0 || child?.kind !== 'branch') {
    target[name] = value;
    return;
  }
  const known = target[name];
  const inner = isObject(known) ? known : (structuredClone(child.base) as Record<string, unknown>);
  target[name] = inner;
  assign(child, inner, rest, value);
}

function fill(branch: Branch, target: Record<string, unknown>): void {
  for (const [name, child] of branch.children) {
    if (child.kind !== 'branch') continue;
    if (target[name] === undefined && child.required && !child.nullable) target[name] = {};
    const inner = target[name];
    if (isObject(inner)) fill(child, inner);
  }
}
