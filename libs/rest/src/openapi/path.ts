import type { PathTemplate, Segment, Variable } from '../routing/path-template.ts';

/** A parameter of a path: all that a variable captures, or what one `*` in it does. */
export interface PathParameter {
  readonly name: string;
  readonly variable: Variable;
  /** Where the variable is more than this parameter: how they are put together, as in `shelves/{shelvesId}`. */
  readonly part: string | undefined;
}

export interface DescribedPath {
  readonly path: string;
  readonly parameters: readonly PathParameter[];
}

/**
 * A template as OpenAPI can write it. A variable of several segments is written out with a parameter for each `*`, named after the literal
 * before it as Google's discovery documents do: `/v1/{name=shelves/*}:move` becomes `/v1/shelves/{shelvesId}:move`. That a parameter (of
 * `**`) may hold slashes it cannot say.
 */
export function describePath({ segments, variables, verb }: PathTemplate): DescribedPath {
  const parts: string[] = [];
  const parameters: PathParameter[] = [];
  const add = (wanted: string, variable: Variable, part: string | undefined): string => {
    let name = wanted;
    for (let count = 2; parameters.some((other) => other.name === name); count++) name = `${wanted}${count}`;
    parameters.push({ name, variable, part });
    return `{${name}}`;
  };
  for (let index = 0; index < segments.length; index++) {
    const variable = variables.find(({ start }) => start === index);
    if (variable === undefined) {
      parts.push(literal(segments[index]));
      continue;
    }
    const inside = segments.slice(variable.start, variable.end);
    if (inside.length === 1) {
      const name = variable.fieldPath.join('.');
      parts.push(inside[0]?.kind === 'literal' ? literal(inside[0]) : add(name, variable, undefined));
    } else {
      const written = inside.map((segment, at) => {
        if (segment.kind === 'literal') return literal(segment);
        const before = inside[at - 1];
        const name = before?.kind === 'literal' ? `${before.text}Id` : variable.fieldPath.join('.');
        return add(name, variable, inside.map(partOf).join('/'));
      });
      parts.push(...written);
    }
    index = variable.end - 1;
  }
  return { path: `/${parts.join('/')}${verb === undefined ? '' : `:${verb}`}`, parameters };
}

function literal(segment: Segment | undefined): string {
  return segment?.kind === 'literal' ? encodeURIComponent(segment.text) : partOf(segment);
}

function partOf(segment: Segment | undefined): string {
  if (segment?.kind === 'literal') return segment.text;
  return segment?.kind === 'rest' ? '**' : '*';
}
