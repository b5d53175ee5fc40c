import { randomBytes } from 'node:crypto';

/** Where a call stands in its trace: W3C Trace Context, level 1. @see https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the span that is the parent of whatever is started next. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** The vendors' part (`tracestate`), passed on as it came. */
  readonly state?: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_STATE_LENGTH = 512;

/** Reads a `traceparent` header; undefined where it breaks the rules, in which case `state` is to be dropped too. */
export function parseTraceparent(header: string | undefined, state?: string): TraceContext | undefined {
  const parts = header === undefined ? null : TRACEPARENT.exec(header.trim());
  if (parts === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = parts;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const sampled = (Number.parseInt(flags, 16) & 1) === 1;
  return state !== undefined && state !== '' && state.length <= MAX_STATE_LENGTH
    ? { traceId, spanId, sampled, state }
    : { traceId, spanId, sampled };
}

/** The header `traceparent` that tells the next process of `trace`. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/** The start of a trace. Whether it is sampled is decided by whoever exports spans; until then it is not. */
export function newTrace(): TraceContext {
  return { traceId: randomHex(16), spanId: randomHex(8), sampled: false };
}

/** A new span of the same trace. */
export function childOf(trace: TraceContext): TraceContext {
  return { ...trace, spanId: randomHex(8) };
}

const POOL_BYTES = 16_384;
let pool = '';
let used = 0;

/** Lower-case hex digits of so many random bytes, which are drawn by the page: a draw costs microseconds whatever its size. */
export function randomHex(bytes: number): string {
  if (used + 2 * bytes > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('hex');
    used = 0;
  }
  const hex = pool.slice(used, used + 2 * bytes);
  used += 2 * bytes;
  // An id may not be all zero.
  return hex.startsWith('00000000') && /^0+$/.test(hex) ? randomHex(bytes) : hex;
}
