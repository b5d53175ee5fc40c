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

/** Characters of a header of version 00; later versions may have more, after a dash. */
const LENGTH = 55;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);
const MAX_STATE_LENGTH = 512;

/** Reads a `traceparent` header; undefined where it breaks the rules, in which case `state` is to be dropped too. */
export function parseTraceparent(header: string | undefined, state?: string): TraceContext | undefined {
  const text = header?.trim();
  if (text === undefined || !isTraceparent(text)) return undefined;
  const traceId = text.slice(3, 35);
  const spanId = text.slice(36, 52);
  if (traceId === ZERO_TRACE || spanId === ZERO_SPAN) return undefined;
  const sampled = (Number.parseInt(text.charAt(LENGTH - 1), 16) & 1) === 1;
  return state !== undefined && state !== '' && state.length <= MAX_STATE_LENGTH
    ? { traceId, spanId, sampled, state }
    : { traceId, spanId, sampled };
}

/** By hand, since it is read with every call: an expression with groups costs twice as much. */
function isTraceparent(text: string): boolean {
  if (
    text.length < LENGTH ||
    !isHex(text, 0, 2) ||
    !isHex(text, 3, 35) ||
    !isHex(text, 36, 52) ||
    !isHex(text, 53, LENGTH)
  )
    return false;
  if (text[2] !== '-' || text[35] !== '-' || text[52] !== '-' || text.startsWith('ff')) return false;
  return text.length === LENGTH || (!text.startsWith('00') && /^-.*$/.test(text.slice(LENGTH)));
}

/** By character code, 1 for the lower-case hex digits. */
const HEX = Uint8Array.from({ length: 128 }, (_, code) => (/[0-9a-f]/.test(String.fromCharCode(code)) ? 1 : 0));

function isHex(text: string, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f || HEX[code] !== 1) return false;
  }
  return true;
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
export function childOf({ traceId, sampled, state }: TraceContext): TraceContext {
  const spanId = randomHex(8);
  return state === undefined ? { traceId, spanId, sampled } : { traceId, spanId, sampled, state };
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
