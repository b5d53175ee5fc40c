/** Options as protobufjs reads them from proto text: each key as it was written, `(google.api.http)`, `(.google.api.http)` or `(http)`. */
export type ParsedOptions = readonly Readonly<Record<string, unknown>>[];

/**
 * Whether the option written as `written` within the package or message `scope` is the extension `fullName`. Protobuf resolves a name
 * from the innermost scope outwards, so `(http_status)` inside `shop.errors` may stand for `shop.errors.http_status`.
 */
export function namesOption(written: string, fullName: string, scope: string): boolean {
  const name = /^\((.*)\)$/.exec(written)?.[1];
  if (name === undefined) return false;
  if (name.startsWith('.')) return name.slice(1) === fullName;
  if (name === fullName) return true;
  if (!fullName.endsWith(`.${name}`)) return false;
  const outer = fullName.slice(0, -name.length - 1);
  return scope === outer || scope.startsWith(`${outer}.`);
}

/** The value of the extension `fullName` among an element's options; of several the last one. */
export function optionOf(options: ParsedOptions | undefined, fullName: string, scope: string): unknown {
  let found: unknown;
  for (const option of options ?? []) {
    for (const [written, value] of Object.entries(option)) if (namesOption(written, fullName, scope)) found = value;
  }
  return found;
}
