import { numberOf, type Long } from '../integer.ts';
import { kindOf, type ValueCodec } from '../value-codec.ts';
import { fraction, nanosOf } from './fraction.ts';

const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;
/** About ten thousand years, in seconds. */
const MAX = 315_576_000_000;

/** google.protobuf.Duration: decimal seconds with an s, `1.5s`. */
export const durationCodec: ValueCodec = {
  read(json, place, reading) {
    if (typeof json !== 'string') return reading.refuse(place, `must be a duration in a string, not ${kindOf(json)}`);
    const [, sign, whole, digits] = DURATION.exec(json) ?? [];
    if (whole === undefined) return reading.refuse(place, 'must be seconds such as 3s or 0.25s');
    if (Number(whole) > MAX || (Number(whole) === MAX && nanosOf(digits) > 0)) {
      return reading.refuse(place, `must be between -${MAX}s and ${MAX}s`);
    }
    const factor = sign === '-' ? -1 : 1;
    return { seconds: factor * Number(whole) || 0, nanos: factor * nanosOf(digits) || 0 };
  },
  readText: (text, place, reading) => durationCodec.read(text, place, reading, 0),
  write(value) {
    const { seconds, nanos } = value as { seconds: number | Long; nanos: number };
    const whole = numberOf(seconds);
    if (!(Math.abs(whole) <= MAX) || Math.abs(nanos) > 999_999_999 || whole * nanos < 0)
      throw new RangeError('a Duration out of range');
    return `"${whole < 0 || nanos < 0 ? '-' : ''}${Math.abs(whole)}${fraction(nanos)}s"`;
  },
};
