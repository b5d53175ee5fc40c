import type protobuf from 'protobufjs';
import type { FieldCodec } from './field-codec.ts';
import type { Place, Reading } from './reading.ts';
import { isObject, kindOf, MAX_DEPTH, type ValueCodec } from './value-codec.ts';

/** A message as protobufjs holds it: own properties, by the fields' names in proto, for what is set. */
export type Message = Record<string, unknown>;

/** A message type in and out of proto3 JSON. */
export interface MessageCodec extends ValueCodec {
  readonly type: protobuf.Type;
  /** Without the leading dot. */
  readonly fullName: string;
  readonly fields: readonly FieldCodec[];
  /** By its JSON name or its name in proto. */
  field(name: string): FieldCodec | undefined;
  /** Whether its JSON is not an object of its fields: Timestamp, Struct and the other well-known types. */
  readonly wellKnown: boolean;
  create(): Message;
  read(json: unknown, place: Place, reading: Reading, depth: number): Message | null;
}

/** The JSON of a message that has no rules of its own: an object with a property for each field. */
export function objectCodec(type: protobuf.Type, fieldsOf: () => readonly FieldCodec[]): MessageCodec {
  let fields: readonly FieldCodec[] | undefined;
  let byName: Map<string, FieldCodec> | undefined;
  // Fields are looked up on first use, since messages may contain themselves.
  const list = () => (fields ??= fieldsOf());
  const index = () =>
    (byName ??= new Map(list().flatMap((field) => [[field.name, field] as const, [field.jsonName, field]])));
  const create = creatorOf(type);

  return {
    type,
    fullName: type.fullName.slice(1),
    wellKnown: false,
    get fields() {
      return list();
    },
    field: (name) => index().get(name),
    create,

    read(json, place, reading, depth) {
      if (!isObject(json)) return reading.refuse(place, `must be an object, not ${kindOf(json)}`);
      if (depth > MAX_DEPTH) return reading.refuse(place, `is nested deeper than ${MAX_DEPTH} messages`);
      const message = create();
      const known = index();
      for (const key of Object.keys(json)) {
        const field = known.get(key);
        const at: Place = { within: place, key };
        if (field === undefined) {
          if (reading.unknownFields === 'refuse') reading.refuse(at, 'is not a known field');
          continue;
        }
        const value = json[key];
        if (value === undefined || (value === null && !field.nullable)) continue;
        // Under its other name.
        if (field.name !== field.jsonName && Object.hasOwn(message, field.name)) {
          reading.refuse(at, 'is given twice');
          continue;
        }
        const rival = field.rivals.length === 0 ? undefined : field.rivals.find((name) => Object.hasOwn(message, name));
        if (rival !== undefined) {
          reading.refuse(at, `excludes ${rival}: one of a oneof may be set`);
          continue;
        }
        const decoded = field.read(value, at, reading, depth + 1);
        if (decoded !== null) message[field.name] = decoded;
      }
      return message;
    },

    write(value) {
      const message = value as Message;
      let json = '';
      for (const field of list()) {
        const held = message[field.name];
        if (field.always || isSet(message, field, held)) {
          json += (json === '' ? field.label : field.laterLabel) + field.write(held);
        }
      }
      return `{${json}}`;
    },
  };
}

/**
 * Makes empty messages: the defaults are protobufjs' own, on the prototype, and nothing is an own property. (Its constructor would make
 * lists and maps own properties, which could then not be told from those that were sent.)
 */
function creatorOf(type: protobuf.Type): () => Message {
  const prototype = type.ctor.prototype;
  return () => Object.create(prototype) as Message;
}

/** A message whose JSON `codec` knows. */
export function wellKnownCodec(type: protobuf.Type, codec: ValueCodec): MessageCodec {
  return {
    ...codec,
    type,
    fullName: type.fullName.slice(1),
    wellKnown: true,
    fields: [],
    field: () => undefined,
    create: creatorOf(type),
    read: (json, place, reading, depth) => codec.read(json, place, reading, depth) as Message | null,
  };
}

function isSet(message: Message, field: FieldCodec, value: unknown): boolean {
  if (value === null || value === undefined) return false;
  // What a prototype holds of messages is null.
  if (field.shape === 'single' && field.message !== undefined) return true;
  return Object.hasOwn(message, field.name) && (field.hasPresence || !field.isDefault(value));
}
