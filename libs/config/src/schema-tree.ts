import type { z } from 'zod';

/** One value of the configuration, set as a whole. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly schema: z.core.$ZodType;
}

/** A part of the configuration whose fields can be set one by one. */
export interface Branch {
  readonly kind: 'branch';
  readonly children: ReadonlyMap<string, Node>;
  /** Whether null may stand in its place. */
  readonly nullable: boolean;
  /** Whether it must be there, be it empty. */
  readonly required: boolean;
  /** What it holds when nothing is set, and what is kept of it when a field is. */
  readonly base: object;
}

export type Node = Leaf | Branch;

/** The shape of a schema: objects of known fields are branches, anything else (lists, records, unions, transforms) is a leaf. */
export function treeOf(schema: z.core.$ZodType): Node {
  let nullable = false;
  let required = true;
  let base: object = {};
  for (let inner = schema as z.core.$ZodTypes; ;) {
    const { def } = inner._zod;
    switch (def.type) {
      case 'default':
      case 'prefault':
        required = false;
        if (isObject(def.defaultValue)) base = def.defaultValue;
        inner = def.innerType as z.core.$ZodTypes;
        break;
      case 'optional':
        required = false;
        inner = def.innerType as z.core.$ZodTypes;
        break;
      case 'nullable':
        nullable = true;
        inner = def.innerType as z.core.$ZodTypes;
        break;
      case 'readonly':
      case 'nonoptional':
        inner = def.innerType as z.core.$ZodTypes;
        break;
      case 'object': {
        if (def.catchall !== undefined && def.catchall._zod.def.type !== 'never') return { kind: 'leaf', schema };
        const children = new Map(Object.entries(def.shape).map(([name, child]) => [name, treeOf(child)]));
        return { kind: 'branch', children, nullable, required, base };
      }
      default:
        return { kind: 'leaf', schema };
    }
  }
}

/** Every leaf below `node` with its path. */
export function leavesOf(node: Node, path: readonly string[] = []): { path: readonly string[]; leaf: Leaf }[] {
  if (node.kind === 'leaf') return [{ path, leaf: node }];
  return [...node.children].flatMap(([name, child]) => leavesOf(child, [...path, name]));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
