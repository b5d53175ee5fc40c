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

/** Text that stands in a path as it is. */
const PLAIN = /^[\w.~-]+$/;

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
  /** By method, then path: the templates that match one path each. Nothing is before a literal, so that no tree need be searched for them. */
  const exact = new Map<string, Map<string, Match<Route>>>();

  /** The first place where these segments lead, in the order of precedence, for which `visit` has something. */
  function search<Found>(
    node: Node<Route>,
    segments: readonly string[],
    verb: string,
    at: number,
    visit: (byMethod: Map<string, Route>) => Found | undefined,
  ): Found | undefined {
    const segment = segments[at];
    let found: Found | undefined;
    if (segment === undefined) {
      const end = node.ends.get(verb);
      if (end !== undefined) found = visit(end);
    } else {
      const literal = node.literals.get(decoded(segment));
      if (literal !== undefined) found = search(literal, segments, verb, at + 1, visit);
      if (found === undefined && node.one !== undefined && segment !== '') {
        found = search(node.one, segments, verb, at + 1, visit);
      }
    }
    if (found !== undefined) return found;
    const rest = node.rest.get(verb);
    return rest === undefined ? undefined : visit(rest);
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
      const segments = literalsOf(template);
      if (segments === undefined || method === ANY_METHOD) return;
      const path = `/${segments.join('/')}${verb === '' ? '' : `:${verb}`}`;
      const byPath = exact.get(method) ?? new Map<string, Match<Route>>();
      exact.set(method, byPath.set(path, { kind: 'found', route, segments }));
    },

    match(method, path) {
      const known = exact.get(method)?.get(path);
      if (known !== undefined) return known;
      if (!path.startsWith('/')) return { kind: 'unknown-path' };
      const segments = path === '/' ? [] : path.slice(1).split('/');
      const last = segments.at(-1) ?? '';
      const colon = last.lastIndexOf(':');
      const verb = colon === -1 ? '' : decoded(last.slice(colon + 1));
      let allowed: Set<string> | undefined;
      const visit = (byMethod: Map<string, Route>) => {
        const route =
          byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined) ?? byMethod.get(ANY_METHOD);
        if (route === undefined) {
          allowed ??= new Set();
          for (const name of byMethod.keys()) allowed.add(name);
        }
        return route;
      };
      if (verb !== '' && verbs.has(verb)) {
        const shorter = segments.with(-1, last.slice(0, colon));
        const route = search(top, shorter, verb, 0, visit);
        if (route !== undefined) return { kind: 'found', route, segments: shorter };
      }
      // What reads as a known verb of a known path is not some other resource whose name contains a colon.
      if (allowed === undefined) {
        const route = search(top, segments, '', 0, visit);
        if (route !== undefined) return { kind: 'found', route, segments };
      }
      return allowed === undefined ? { kind: 'unknown-path' } : wrongMethod(allowed);
    },
  };
}

/** The segments of a template that stands for one path alone, none of which a client would encode; undefined for others. */
function literalsOf({ segments, verb }: PathTemplate): readonly string[] | undefined {
  const texts = segments.map((segment) => (segment.kind === 'literal' ? segment.text : ''));
  return texts.every((text) => PLAIN.test(text)) && PLAIN.test(verb ?? '-') ? texts : undefined;
}

function wrongMethod(allowed: Set<string>): { readonly kind: 'wrong-method'; readonly allowed: readonly string[] } {
  if (allowed.has('GET')) allowed.add('HEAD');
  return { kind: 'wrong-method', allowed: [...allowed].sort() };
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
