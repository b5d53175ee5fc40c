/** One segment of a template: a literal (decoded), or `*` for one segment of any text, or `**` for all that remain. */
export type Segment =
  { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'one' } | { readonly kind: 'rest' };

/** A variable of a template: the field it sets, and the segments `[start, end)` of the template that it captures. */
export interface Variable {
  readonly fieldPath: readonly string[];
  readonly start: number;
  readonly end: number;
  /** Whether it may capture several segments, in which case `%2F` stays encoded so that it is not taken for a separator. */
  readonly multi: boolean;
}

/** A path template of google.api.http, parsed. */
export interface PathTemplate {
  readonly source: string;
  readonly segments: readonly Segment[];
  readonly variables: readonly Variable[];
  /** The custom verb without its colon: `cancel` of `/v1/orders/{id}:cancel`. */
  readonly verb: string | undefined;
}

const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const LITERAL = /[^/{}*:=]+/y;

/**
 * Parses a path template; throws where it breaks the grammar:
 *
 *     Template = "/" Segments [ Verb ] ;    Segments = Segment { "/" Segment } ;    Segment = "*" | "**" | LITERAL | Variable ;
 *     Variable = "{" FieldPath [ "=" Segments ] "}" ;    FieldPath = IDENT { "." IDENT } ;    Verb = ":" LITERAL ;
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto "Path template syntax"
 */
export function parseTemplate(source: string): PathTemplate {
  const segments: Segment[] = [];
  const variables: Variable[] = [];
  let at = 0;

  function fail(expected: string): never {
    throw new Error(`path template ${source}: expected ${expected} at ${at}`);
  }
  function take(token: string): boolean {
    if (!source.startsWith(token, at)) return false;
    at += token.length;
    return true;
  }
  function read(pattern: RegExp, expected: string): string {
    pattern.lastIndex = at;
    const [text] = pattern.exec(source) ?? fail(expected);
    at += text.length;
    return text;
  }
  function segment(nested: boolean): void {
    if (take('**')) segments.push({ kind: 'rest' });
    else if (take('*')) segments.push({ kind: 'one' });
    else if (!nested && take('{')) variable();
    else segments.push({ kind: 'literal', text: decodeURIComponent(read(LITERAL, 'a segment')) });
  }
  function variable(): void {
    const start = segments.length;
    const fieldPath = [read(IDENT, 'a field name')];
    while (take('.')) fieldPath.push(read(IDENT, 'a field name'));
    if (take('=')) {
      do segment(true);
      while (take('/'));
    } else {
      segments.push({ kind: 'one' });
    }
    if (!take('}')) fail('}');
    const multi = segments.length - start > 1 || segments.slice(start).some(({ kind }) => kind === 'rest');
    variables.push({ fieldPath, start, end: segments.length, multi });
  }

  if (!take('/')) fail('/');
  if (at < source.length) {
    do segment(false);
    while (take('/'));
  }
  const verb = take(':') ? decodeURIComponent(read(LITERAL, 'a verb')) : undefined;
  if (at < source.length) fail('the end');
  if (segments.slice(0, -1).some(({ kind }) => kind === 'rest'))
    throw new Error(`path template ${source}: ** must come last`);
  const names = variables.map(({ fieldPath }) => fieldPath.join('.'));
  if (new Set(names).size < names.length) throw new Error(`path template ${source}: a field is captured twice`);
  return { source, segments, variables, verb };
}
