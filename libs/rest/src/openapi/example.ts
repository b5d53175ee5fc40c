import protobuf from 'protobufjs';
import type { FieldCodec } from '../json/field-codec.ts';
import type { MessageCodec } from '../json/message-codec.ts';

const SCALARS: Readonly<Record<string, unknown>> = {
  bool: true,
  string: 'text',
  bytes: 'AQID',
  float: 1.5,
  double: 1.5,
  ...Object.fromEntries(['int32', 'sint32', 'sfixed32', 'uint32', 'fixed32'].map((type) => [type, 1])),
  ...Object.fromEntries(['int64', 'sint64', 'sfixed64', 'uint64', 'fixed64'].map((type) => [type, '1'])),
};

const WELL_KNOWN: Readonly<Record<string, unknown>> = {
  'google.protobuf.Any': { '@type': 'type.googleapis.com/google.protobuf.Empty', value: {} },
  'google.protobuf.BoolValue': true,
  'google.protobuf.BytesValue': 'AQID',
  'google.protobuf.DoubleValue': 1.5,
  'google.protobuf.Duration': '1.5s',
  'google.protobuf.FieldMask': 'title,author.fullName',
  'google.protobuf.FloatValue': 1.5,
  'google.protobuf.Int32Value': 1,
  'google.protobuf.Int64Value': '1',
  'google.protobuf.ListValue': ['text', 1],
  'google.protobuf.StringValue': 'text',
  'google.protobuf.Struct': { key: 'value' },
  'google.protobuf.Timestamp': '2026-01-02T03:04:05Z',
  'google.protobuf.UInt32Value': 1,
  'google.protobuf.UInt64Value': '1',
  'google.protobuf.Value': 'text',
};

export interface Examples {
  /** Of a message, without its top-level fields `except`. */
  message(codec: MessageCodec, except?: ReadonlySet<string>): unknown;
  field(field: FieldCodec): unknown;
  /** What was given for a field, if anything. */
  given(field: FieldCodec): unknown;
}

/** Examples in proto3 JSON, of fields by their types unless `given` has one by the field's full name; of a oneof the first member. */
export function createExamples(given: Readonly<Record<string, unknown>>): Examples {
  function message(codec: MessageCodec, except: ReadonlySet<string>, within: readonly MessageCodec[]): unknown {
    if (codec.wellKnown) return WELL_KNOWN[codec.fullName];
    const around = [...within, codec];
    const fields = codec.fields.filter(({ name, message: inner, shape, source }) => {
      const first = source.partOf === null || source.partOf.fieldsArray[0] === source;
      return !except.has(name) && first && (shape !== 'single' || !repeats(inner, around));
    });
    return Object.fromEntries(fields.map((field) => [field.jsonName, whole(field, around)]));
  }

  function whole(field: FieldCodec, within: readonly MessageCodec[]): unknown {
    const said = givenFor(field);
    if (said !== undefined) return said;
    const ends = repeats(field.message, within);
    if (field.shape === 'list') return ends ? [] : [single(field, within)];
    if (!(field.source instanceof protobuf.MapField)) return single(field, within);
    if (ends) return {};
    const value = single(field, within);
    const { keyType } = field.source;
    return { [keyType === 'string' ? 'key' : String(SCALARS[keyType])]: value };
  }

  function single({ source, message: inner }: FieldCodec, within: readonly MessageCodec[]): unknown {
    if (inner !== undefined) return message(inner, new Set(), within);
    const { resolvedType } = source;
    if (!(resolvedType instanceof protobuf.Enum)) return SCALARS[source.type];
    if (resolvedType.fullName === '.google.protobuf.NullValue') return null;
    const names = Object.entries(resolvedType.values);
    return (names.find(([, number]) => number !== 0) ?? names[0])?.[0];
  }

  /** A message that contains itself ends where it would begin again. */
  const repeats = (inner: MessageCodec | undefined, within: readonly MessageCodec[]) =>
    inner !== undefined && within.includes(inner);
  const givenFor = ({ source }: FieldCodec) => given[source.fullName.slice(1)];
  return {
    message: (codec, except = new Set()) => message(codec, except, []),
    field: (field) => whole(field, []),
    given: givenFor,
  };
}
