import { numberOf, type Long } from '../integer.ts';
import { kindOf, type ValueCodec } from '../value-codec.ts';
import { fraction, nanosOf } from './fraction.ts';

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds. */
const MIN = -62135596800;
const MAX = 253402300799;
/** In seconds. */
const DAY = 86_400;
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** google.protobuf.Timestamp: RFC 3339, read with any offset, written in UTC with 0, 3, 6 or 9 digits of a second. */
export const timestampCodec: ValueCodec = {
  read(json, place, reading) {
    if (typeof json !== 'string') return reading.refuse(place, `must be a time in a string, not ${kindOf(json)}`);
    const seconds = secondsOf(json);
    if (seconds === undefined) return reading.refuse(place, 'must be a time such as 2026-01-02T03:04:05Z (RFC 3339)');
    if (seconds < MIN || seconds > MAX) return reading.refuse(place, 'must be between the years 1 and 9999');
    return { seconds, nanos: nanosOf(RFC3339.exec(json)?.[3]) };
  },
  readText: (text, place, reading) => timestampCodec.read(text, place, reading, 0),
  write(value) {
    const { seconds, nanos } = value as { seconds: number | Long; nanos: number };
    const whole = numberOf(seconds);
    if (!(whole >= MIN && whole <= MAX) || nanos < 0 || nanos > 999_999_999)
      throw new RangeError('a Timestamp beyond the years 1 to 9999');
    const day = Math.floor(whole / DAY);
    const second = whole - day * DAY;
    const hour = Math.floor(second / 3600);
    const minute = Math.floor((second % 3600) / 60);
    return `"${dateOf(day)}T${TWO[hour]}:${TWO[minute]}:${TWO[second % 60]}${fraction(nanos)}Z"`;
  },
};

let latest = { day: 0, date: '1970-01-01' };

/** The date of a day, counted from 1970. Most times that are answered are of the same day, and a Date costs more than all the rest. */
function dateOf(day: number): string {
  if (day !== latest.day) latest = { day, date: new Date(day * DAY * 1000).toISOString().slice(0, 10) };
  return latest.date;
}

/** Date.parse forgives 31 February and hour 24; this does not. */
function secondsOf(text: string): number | undefined {
  const [, date, time, , zone = ''] = RFC3339.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const local = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== `${date}T${time}`) return undefined;
  if (zone.toUpperCase() === 'Z') return local / 1000;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  if (hours > 23 || minutes > 59) return undefined;
  const offset = (hours * 60 + minutes) * 60;
  return local / 1000 - (zone.startsWith('-') ? -offset : offset);
}
