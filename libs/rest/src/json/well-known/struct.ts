import type { Place, Reading } from '../reading.ts';
import { readString } from '../scalar.ts';
import { isObject, kindOf, MAX_DEPTH, type ValueCodec } from '../value-codec.ts';
import { writeString } from '../write-string.ts';

/** google.protobuf.Value as protobufjs holds it; its bundled definition is in camel case. */
interface Value {
  readonly kind?: string;
  readonly numberValue: number;
  readonly stringValue: string;
  readonly boolValue: boolean;
  readonly structValue: Struct | null;
  readonly listValue: List | null;
}
interface Struct {
  readonly fields: Readonly<Record<string, Value>>;
}
interface List {
  readonly values: readonly Value[];
}

/** google.protobuf.Value: any JSON. */
export const valueCodec: ValueCodec = {
  nullable: true,
  read(json, place, reading, depth) {
    if (json === null) return { nullValue: 0 };
    if (typeof json === 'boolean') return { boolValue: json };
    if (typeof json === 'number' || typeof json === 'bigint') return readNumber(Number(json), place, reading);
    if (typeof json === 'string') {
      const text = readString(json, place, reading);
      return text === null ? null : { stringValue: text };
    }
    if (Array.isArray(json)) {
      const list = listValueCodec.read(json, place, reading, depth + 1);
      return list === null ? null : { listValue: list };
    }
    const struct = structCodec.read(json, place, reading, depth + 1);
    return struct === null ? null : { structValue: struct };
  },
  write(value) {
    const message = value as Value;
    if (message.structValue !== null) return structCodec.write(message.structValue);
    if (message.listValue !== null) return listValueCodec.write(message.listValue);
    if (Object.hasOwn(message, 'stringValue')) return writeString(message.stringValue);
    if (Object.hasOwn(message, 'boolValue')) return String(message.boolValue);
    if (!Object.hasOwn(message, 'numberValue')) return 'null';
    if (!Number.isFinite(message.numberValue))
      throw new RangeError('a google.protobuf.Value that JSON cannot write: NaN or Infinity');
    return String(message.numberValue);
  },
};

function readNumber(json: number, place: Place, reading: Reading): unknown {
  return Number.isFinite(json) ? { numberValue: json } : reading.refuse(place, 'is out of range');
}

/** google.protobuf.Struct: any JSON object. */
export const structCodec: ValueCodec = {
  read(json, place, reading, depth) {
    if (!isObject(json)) return reading.refuse(place, `must be an object, not ${kindOf(json)}`);
    if (depth >= MAX_DEPTH) return reading.refuse(place, 'is nested too deep');
    const fields = Object.create(null) as Record<string, unknown>;
    for (const name of Object.keys(json)) {
      const at: Place = { within: place, key: name, quoted: true };
      if (readString(name, at, reading) === null) continue;
      fields[name] = valueCodec.read(json[name], at, reading, depth + 1);
    }
    return { fields };
  },
  write(value) {
    const entries = Object.entries((value as Struct).fields);
    return `{${entries.map(([name, field]) => `${writeString(name)}:${valueCodec.write(field)}`).join(',')}}`;
  },
};

/** google.protobuf.ListValue: any JSON list. */
export const listValueCodec: ValueCodec = {
  read(json, place, reading, depth) {
    if (!Array.isArray(json)) return reading.refuse(place, `must be a list, not ${kindOf(json)}`);
    if (depth >= MAX_DEPTH) return reading.refuse(place, 'is nested too deep');
    return {
      values: json.map((element: unknown, key) => valueCodec.read(element, { within: place, key }, reading, depth + 1)),
    };
  },
  write: (value) => `[${(value as List).values.map((element) => valueCodec.write(element)).join(',')}]`,
};

/** google.protobuf.NullValue: null. */
export const nullCodec: ValueCodec = {
  nullable: true,
  read: (json, place, reading) =>
    json === null || json === 'NULL_VALUE' || json === 0
      ? 0
      : reading.refuse(place, `must be null, not ${kindOf(json)}`),
  write: () => 'null',
};
