import protobuf from 'protobufjs';
import { enumCodec } from './enum.ts';
import { fieldCodec, type FieldCodec } from './field-codec.ts';
import { objectCodec, wellKnownCodec, type MessageCodec } from './message-codec.ts';
import { scalarCodec } from './scalar.ts';
import type { ValueCodec } from './value-codec.ts';
import { anyCodec } from './well-known/any.ts';
import { durationCodec } from './well-known/duration.ts';
import { fieldMaskCodec } from './well-known/field-mask.ts';
import { listValueCodec, nullCodec, structCodec, valueCodec } from './well-known/struct.ts';
import { timestampCodec } from './well-known/timestamp.ts';
import { wrapperCodec } from './well-known/wrapper.ts';

/** The codecs of all types under one root, each made once. */
export interface Codecs {
  of(type: protobuf.Type): MessageCodec;
  /** By full name without the leading dot; undefined if there is no such message. */
  named(fullName: string): MessageCodec | undefined;
}

export interface CodecOptions {
  /** Whether fields without presence are written where they hold their default ("always print fields without presence"). */
  readonly printDefaults: boolean;
}

type WellKnown = (codecs: Codecs, type: protobuf.Type) => ValueCodec;

const wrapped =
  (scalar: string): WellKnown =>
  () =>
    wrapperCodec(scalarCodec(scalar));

/** The types whose JSON is not an object of their fields. @see https://protobuf.dev/programming-guides/json/ */
const wellKnown: Readonly<Record<string, WellKnown>> = {
  'google.protobuf.Any': anyCodec,
  'google.protobuf.BoolValue': wrapped('bool'),
  'google.protobuf.BytesValue': wrapped('bytes'),
  'google.protobuf.DoubleValue': wrapped('double'),
  'google.protobuf.Duration': () => durationCodec,
  'google.protobuf.FieldMask': () => fieldMaskCodec,
  'google.protobuf.FloatValue': wrapped('float'),
  'google.protobuf.Int32Value': wrapped('int32'),
  'google.protobuf.Int64Value': wrapped('int64'),
  'google.protobuf.ListValue': () => listValueCodec,
  'google.protobuf.StringValue': wrapped('string'),
  'google.protobuf.Struct': () => structCodec,
  'google.protobuf.Timestamp': () => timestampCodec,
  'google.protobuf.UInt32Value': wrapped('uint32'),
  'google.protobuf.UInt64Value': wrapped('uint64'),
  'google.protobuf.Value': () => valueCodec,
};

/** @example const codecs = createCodecs(root, { printDefaults: true }); codecs.named('shop.Order')?.write(order); */
export function createCodecs(root: protobuf.Root, options: CodecOptions): Codecs {
  const messages = new Map<protobuf.Type, MessageCodec>();
  const enums = new Map<protobuf.Enum, ValueCodec>();

  const codecs: Codecs = {
    of(type) {
      const known = messages.get(type);
      if (known !== undefined) return known;
      const made = make(type);
      messages.set(type, made);
      return made;
    },
    named(fullName) {
      const found = root.lookup(`.${fullName}`);
      return found instanceof protobuf.Type ? codecs.of(found) : undefined;
    },
  };

  function make(type: protobuf.Type): MessageCodec {
    const special = wellKnown[type.fullName.slice(1)];
    if (special === undefined) return objectCodec(type, () => type.fieldsArray.map(fieldOf));
    return wellKnownCodec(type, special(codecs, type));
  }

  function fieldOf(field: protobuf.Field): FieldCodec {
    field.resolve();
    const { resolvedType } = field;
    const message = resolvedType instanceof protobuf.Type ? codecs.of(resolvedType) : undefined;
    const value = message ?? (resolvedType instanceof protobuf.Enum ? enumOf(resolvedType) : scalarCodec(field.type));
    const keyType = field instanceof protobuf.MapField ? field.keyType : undefined;
    return fieldCodec(field, { printDefaults: options.printDefaults, value, message, keyType });
  }

  function enumOf(type: protobuf.Enum): ValueCodec {
    if (type.fullName === '.google.protobuf.NullValue') return nullCodec;
    const made = enums.get(type) ?? enumCodec(type);
    enums.set(type, made);
    return made;
  }

  return codecs;
}
