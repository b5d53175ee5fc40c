import type { Assignment } from './assemble.ts';
import { isObject, type Branch, type Node } from './schema-tree.ts';

/** What a key of etcd says of the configuration. */
export type Reading =
  | {
      readonly kind: 'read';
      /** How far the key reaches into the tree: deeper keys win over shallower ones. */
      readonly depth: number;
      readonly assignments: readonly Assignment[];
      /** Places that the value names and the schema does not know. */
      readonly unknown: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** `path` is the key's part below the service's own, `''` for the service's key itself. */
export function readKey(tree: Branch, path: readonly string[], text: string): Reading {
  let node: Node = tree;
  for (const [depth, name] of path.entries()) {
    const child: Node | undefined = node.kind === 'branch' ? node.children.get(name) : undefined;
    if (child === undefined) {
      const place = path.slice(0, depth + 1).join('.');
      return { kind: 'refused', reason: `there is no ${place} in the configuration` };
    }
    node = child;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'refused', reason: 'the value is not JSON' };
  }
  const assignments: Assignment[] = [];
  const unknown: string[] = [];
  const wrong = spread(node, path, value, assignments, unknown);
  if (wrong !== undefined) return { kind: 'refused', reason: `${wrong} must be an object` };
  return { kind: 'read', depth: path.length, assignments, unknown };
}

/** Takes a value apart into its leaves; gives the place that ought to be an object and is none. */
function spread(
  node: Node,
  path: readonly string[],
  value: unknown,
  assignments: Assignment[],
  unknown: string[],
): string | undefined {
  if (node.kind === 'leaf' || (node.nullable && value === null)) {
    assignments.push({ path, value });
    return undefined;
  }
  if (!isObject(value)) return path.join('.') || 'the value';
  for (const [name, inner] of Object.entries(value)) {
    const child = node.children.get(name);
    if (child === undefined) {
      unknown.push([...path, name].join('.'));
      continue;
    }
    const wrong = spread(child, [...path, name], inner, assignments, unknown);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
