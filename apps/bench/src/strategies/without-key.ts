/** Where the order service says by what its reservations are routed. */
export const FILE = 'apps/order/src/remote/inventory.ts';
const KEY = ', ...(key !== undefined && { key })';

/** The same without a key. Throws where the source says it otherwise: nobody may measure a difference that there is none. */
export function withoutKey(source: string): string {
  const parts = source.split(KEY);
  if (parts.length !== 2) throw new Error(`${FILE} does not route by a key as it did: ${parts.length - 1} places`);
  // Still looked at, so that nothing else of the file changes.
  return parts.join(', ...(key === undefined && {})');
}
