import protobuf from 'protobufjs';
import { jsonName } from './field-name.ts';
import { digitsOf, isLongType, type Long, type LongType } from './integer.ts';
import type { MessageCodec } from './message-codec.ts';
import type { Place, Reading } from './reading.ts';
import { scalarCodec } from './scalar.ts';
import { isObject, kindOf, type ValueCodec } from './value-codec.ts';
import { writeString } from './write-string.ts';

/** One field of a message in and out of JSON. */
export interface FieldCodec {
  /** In proto, which is also its property's name in a message. */
  readonly name: string;
  readonly jsonName: string;
  readonly source: protobuf.Field;
  readonly shape: 'single' | 'list' | 'map';
  /** Whether being unset differs from holding the default value: messages, `optional`, members of a oneof. */
  readonly hasPresence: boolean;
  /** Whether it is written even where it is unset. */
  readonly always: boolean;
  /** Whether null is one of its values. */
  readonly nullable: boolean;
  /** The other members of its oneof. */
  readonly rivals: readonly string[];
  /** Its values, or those of its list or map. */
  readonly value: ValueCodec;
  /** The same where values are messages. */
  readonly message: MessageCodec | undefined;
  /** Its name as JSON writes it, with the colon. */
  readonly label: string;
  /** The same after another field. */
  readonly laterLabel: string;
  /** The whole field, with its list or map. */
  readonly read: (json: unknown, place: Place, reading: Reading, depth: number) => unknown;
  readonly write: (value: unknown) => string;
  isDefault(value: unknown): boolean;
}

export interface FieldCodecOptions {
  /** The JSON option "always print fields without presence". */
  readonly printDefaults: boolean;
  readonly value: ValueCodec;
  readonly message: MessageCodec | undefined;
  /** Of a map: the scalar type of its keys, which are text in JSON. */
  readonly keyType: string | undefined;
}

export function fieldCodec(
  source: protobuf.Field,
  { printDefaults, value, message, keyType }: FieldCodecOptions,
): FieldCodec {
  const shape = source.map ? 'map' : source.repeated ? 'list' : 'single';
  // protobufjs overlooks that a message always has presence.
  const hasPresence = shape === 'single' && (message !== undefined || source.partOf !== null || source.hasPresence);
  const written: unknown = source.options?.['json_name'];
  const name = typeof written === 'string' ? written : jsonName(source.name);
  const whole = { single: value, list: listOf(value), map: mapOf(value, keyType ?? 'string') }[shape];
  return {
    name: source.name,
    jsonName: name,
    source,
    shape,
    hasPresence,
    always: printDefaults && !hasPresence,
    nullable: shape === 'single' && value.nullable === true,
    rivals: (source.partOf?.fieldsArray ?? []).map((field) => field.name).filter((other) => other !== source.name),
    value,
    message,
    label: `${JSON.stringify(name)}:`,
    laterLabel: `,${JSON.stringify(name)}:`,
    read: whole.read,
    write: whole.write,
    isDefault: (candidate) => isEmpty(candidate) || String(candidate) === String(source.typeDefault),
  };
}

function isEmpty(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return value.byteLength === 0;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

type Shape = Pick<ValueCodec, 'read' | 'write'>;

function listOf(value: ValueCodec): Shape {
  return {
    read(json, place, reading, depth) {
      if (!Array.isArray(json)) return reading.refuse(place, `must be a list, not ${kindOf(json)}`);
      return json.map((element: unknown, key) => readElement(value, element, { within: place, key }, reading, depth));
    },
    write(list) {
      let json = '';
      for (const element of list as readonly unknown[]) json += (json === '' ? '' : ',') + value.write(element);
      return `[${json}]`;
    },
  };
}

function mapOf(value: ValueCodec, keyType: string): Shape {
  const key = scalarCodec(keyType);
  const textOf = isLongType(keyType) ? (hash: string) => unhash(hash, keyType) : (name: string) => name;
  return {
    read(json, place, reading, depth) {
      if (!isObject(json)) return reading.refuse(place, `must be an object, not ${kindOf(json)}`);
      // Without a prototype, so that a key named __proto__ is a key like others.
      const map = Object.create(null) as Record<string, unknown>;
      for (const text of Object.keys(json)) {
        const at: Place = { within: place, key: text, quoted: true };
        const name = key.readText?.(text, at, reading);
        if (name === null) continue;
        map[mapKey(name)] = readElement(value, json[text], at, reading, depth);
      }
      return map;
    },
    write(map) {
      const entries = Object.entries(map as Record<string, unknown>);
      return `{${entries.map(([name, element]) => `${writeString(textOf(name))}:${value.write(element)}`).join(',')}}`;
    },
  };
}

/** protobufjs decodes 64-bit keys to a hash of their bits. */
function unhash(hash: string, keyType: LongType): string {
  const { lo: low, hi: high } = protobuf.util.LongBits.fromHash(hash);
  return digitsOf({ low, high, unsigned: keyType === 'uint64' || keyType === 'fixed64' });
}

/** The property under which protobufjs' encoder finds an entry: it writes bool keys from text by their truth, so false must be ''. */
function mapKey(name: unknown): string {
  if (typeof name === 'boolean') return name ? 'true' : '';
  return typeof name === 'string' ? name : digitsOf(name as number | Long);
}

function readElement(value: ValueCodec, json: unknown, place: Place, reading: Reading, depth: number): unknown {
  if (json === null && value.nullable !== true) return reading.refuse(place, 'must not be null');
  return value.read(json, place, reading, depth);
}
