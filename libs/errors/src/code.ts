/**
 * The canonical status codes of google.rpc.Code by number, which gRPC sends on the wire.
 * @see https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
export const CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a status code that says an operation failed: every canonical code but OK. */
export type Code = Exclude<keyof typeof CODES, 'OK'>;

const names = new Map(Object.entries(CODES).map(([name, number]) => [number as number, name as keyof typeof CODES]));

/** The failure that `number` stands for; OK and numbers nobody defined read as UNKNOWN, as gRPC asks of clients. */
export function codeOf(number: number): Code {
  const name = names.get(number) ?? 'UNKNOWN';
  return name === 'OK' ? 'UNKNOWN' : name;
}
