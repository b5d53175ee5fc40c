/** The lowerCamelCase name that proto3 JSON gives a field: underscores go, the letter after one is a capital. */
export function jsonName(protoName: string): string {
  return protoName.replace(/_+([a-z])?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '');
}

/** A path in proto names (`items[0].unit_price`) in the names of JSON (`items[0].unitPrice`); text in quotes stays. */
export function jsonPath(protoPath: string): string {
  return protoPath
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[A-Za-z_][A-Za-z0-9_]*/g, jsonName)))
    .join('');
}
