/** A query string's parameters as they were sent, in order. A malformed one has no name or value to show. */
export type QueryParameter =
  | { readonly kind: 'pair'; readonly name: string; readonly value: string }
  | { readonly kind: 'malformed'; readonly text: string };

/** Splits `a=1&b=x+y` (application/x-www-form-urlencoded). Names stay apart from any object, so `__proto__` is a name like others. */
export function parseQuery(query: string): QueryParameter[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const name = decode(equals === -1 ? part : part.slice(0, equals));
      const value = equals === -1 ? '' : decode(part.slice(equals + 1));
      return name === undefined || value === undefined
        ? { kind: 'malformed', text: part }
        : { kind: 'pair', name, value };
    });
}

function decode(text: string): string | undefined {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
