import type { PathTemplate } from './path-template.ts';

/** What a path and a method led to. `segments` are the raw ones of the path, its custom verb cut off. */
export type Match<Route> =
  | { readonly kind: 'found'; readonly route: Route; readonly segments: readonly string[] }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown-path' };

export interface Router<Route> {
  /** Throws where another route has the same method and a template that matches the same paths in the same way. */
  add(method: string, template: PathTemplate, route: Route): void;
  /** `path` as it came over the wire: percent-encoded, without query. */
  match(method: string, path: string): Match<Route>;
}

/** The method of a route that answers all of those that no other route at its path answers. */
const ANY_METHOD = '*';

/** Routes by HTTP method, under the custom verb ('' for none). */
type Ends<Route> = Map<string, Map<string, Route>>;

interface Node<Route> {
  readonly literals: Map<string, Node<Route>>;
  one: Node<Route> | undefined;
  readonly ends: Ends<Route>;
  readonly rest: Ends<Route>;
}

/**
 * A tree of path segments. Where several templates match, the first difference from the left decides: a literal wins over `*`, `*` over `**`,
 * and a custom verb over a segment that merely contains a colon. A Fastify route cannot say all that templates can (verbs, `**` before
 * a verb, `%2F` kept apart from `/`), which is why there is a router of our own behind one Fastify route.
 */
export function createRouter<Route>(): Router<Route> {
  const top = createNode<Route>();
  const verbs = new Set<string>();

  function* candidates(
    node: Node<Route>,
    segments: readonly string[],
    verb: string,
    at = 0,
  ): Iterable<Map<string, Route>> {
    const segment = segments[at];
    if (segment === undefined) {
      const end = node.ends.get(verb);
      if (end !== undefined) yield end;
    } else {
      const literal = node.literals.get(decoded(segment));
      if (literal !== undefined) yield* candidates(literal, segments, verb, at + 1);
      if (node.one !== undefined && segment !== '') yield* candidates(node.one, segments, verb, at + 1);
    }
    const rest = node.rest.get(verb);
    if (rest !== undefined) yield rest;
  }

  return {
    add(method, template, route) {
      let node = top;
      let ends = node.ends;
      for (const segment of template.segments) {
        if (segment.kind === 'rest') {
          ends = node.rest;
          break;
        }
        if (segment.kind === 'one') {
          node.one ??= createNode();
          node = node.one;
        } else {
          const next = node.literals.get(segment.text) ?? createNode();
          node.literals.set(segment.text, next);
          node = next;
        }
        ends = node.ends;
      }
      const verb = template.verb ?? '';
      if (verb !== '') verbs.add(verb);
      const byMethod = ends.get(verb) ?? new Map<string, Route>();
      if (byMethod.has(method)) throw new Error(`two routes answer ${method} ${template.source}`);
      ends.set(verb, byMethod.set(method, route));
    },

    match(method, path) {
      if (!path.startsWith('/')) return { kind: 'unknown-path' };
      const segments = path === '/' ? [] : path.slice(1).split('/');
      const last = segments.at(-1) ?? '';
      const colon = last.lastIndexOf(':');
      const readings: { segments: string[]; verb: string }[] = [{ segments, verb: '' }];
      if (colon !== -1) {
        const verb = decoded(last.slice(colon + 1));
        if (verbs.has(verb)) readings.unshift({ segments: [...segments.slice(0, -1), last.slice(0, colon)], verb });
      }
      const allowed = new Set<string>();
      for (const reading of readings) {
        for (const byMethod of candidates(top, reading.segments, reading.verb)) {
          const route =
            byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined) ?? byMethod.get(ANY_METHOD);
          if (route !== undefined) return { kind: 'found', route, segments: reading.segments };
          for (const name of byMethod.keys()) allowed.add(name);
        }
        // What reads as a known verb of a known path is not some other resource whose name contains a colon.
        if (allowed.size > 0) break;
      }
      if (allowed.size === 0) return { kind: 'unknown-path' };
      if (allowed.has('GET')) allowed.add('HEAD');
      return { kind: 'wrong-method', allowed: [...allowed].sort() };
    },
  };
}

function createNode<Route>(): Node<Route> {
  return { literals: new Map(), one: undefined, ends: new Map(), rest: new Map() };
}

/** A segment that is not valid percent-encoding equals no literal. */
function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
