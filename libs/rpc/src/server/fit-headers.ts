import type { IncomingHttpHeaders } from 'node:http2';

const KEY = /^[0-9a-z_.-]+$/;
const TEXT = /^[ -~]*$/;
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };
/** Ms. Longer than any call lasts here, and what a timer can hold (2^31 ms) by far. */
const LONGEST_MS = 86_400_000;
/** @see https://www.rfc-editor.org/rfc/rfc9113#name-defined-settings */
const ENTRY_BYTES = 32;

/**
 * Makes of a call's headers what grpc-js takes as it is meant, and answers what they weigh, as SETTINGS_MAX_HEADER_LIST_SIZE counts (of which
 * Node tells peers, and does not hold them to it). grpc-js cuts timeouts to 32 bits of milliseconds, so that a deadline in a month has passed
 * already; and it writes each header that is no metadata to standard error, as long as it is and as often as it comes.
 */
export function fitHeaders(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const key of Object.keys(headers)) {
    const value = headers[key];
    const text = typeof value === 'string' ? value : (value ?? []).join();
    bytes += key.length + text.length + ENTRY_BYTES;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a header that is not there is what it is to be
    if (!key.startsWith(':') && !(KEY.test(key) && TEXT.test(text))) delete headers[key];
  }
  const timeout = headers['grpc-timeout'];
  const [, amount, unit] = (timeout !== undefined && TIMEOUT.exec(timeout.toString())) || [];
  if (amount !== undefined && unit !== undefined && Number(amount) * (MS[unit] ?? 0) > LONGEST_MS) {
    headers['grpc-timeout'] = `${LONGEST_MS / 1_000}S`;
  }
  return bytes;
}
