import protobuf from 'protobufjs';
import type { FieldCodec } from '../json/field-codec.ts';
import type { MessageCodec } from '../json/message-codec.ts';
import type { Examples } from './example.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** Whether a message is read from clients, or written to them: what is written always has its fields, and may get more of them. */
export type Direction = 'in' | 'out';

/** The schemas of proto3 JSON. Messages become components, named as in proto, and are referred to. */
export interface Schemas {
  /** Of a message, without the top-level fields `except` (those a path or header carries). */
  message(codec: MessageCodec, direction: Direction, except?: ReadonlySet<string>): Schema;
  /** Of a whole field: its list or map too. */
  field(field: FieldCodec, direction: Direction): Schema;
  /** Of one value of a field. */
  value(field: FieldCodec, direction: Direction): Schema;
  readonly components: Readonly<Record<string, Schema>>;
}

export interface SchemaOptions {
  /** Whether fields that the contract does not know are refused. */
  readonly closed: boolean;
  /** Whether a message goes both ways: it then has a component for each, the one that is read with `Input` in its name. */
  readonly goesBothWays: (codec: MessageCodec) => boolean;
  readonly examples: Examples;
}

const SCALARS: Readonly<Record<string, Schema>> = {
  bool: { type: 'boolean' },
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte', contentEncoding: 'base64' },
  int32: { type: 'integer', format: 'int32' },
  sint32: { type: 'integer', format: 'int32' },
  sfixed32: { type: 'integer', format: 'int32' },
  uint32: { type: 'integer', format: 'int64', minimum: 0, maximum: 4294967295 },
  fixed32: { type: 'integer', format: 'int64', minimum: 0, maximum: 4294967295 },
  int64: { type: 'string', format: 'int64' },
  sint64: { type: 'string', format: 'int64' },
  sfixed64: { type: 'string', format: 'int64' },
  uint64: { type: 'string', format: 'uint64' },
  fixed64: { type: 'string', format: 'uint64' },
  float: {
    anyOf: [
      { type: 'number', format: 'float' },
      { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] },
    ],
  },
  double: {
    anyOf: [
      { type: 'number', format: 'double' },
      { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] },
    ],
  },
};

const wrapper = (scalar: string): Schema => SCALARS[scalar] ?? {};

const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  'google.protobuf.Any': { type: 'object', properties: { '@type': { type: 'string' } }, additionalProperties: true },
  'google.protobuf.BoolValue': wrapper('bool'),
  'google.protobuf.BytesValue': wrapper('bytes'),
  'google.protobuf.DoubleValue': wrapper('double'),
  'google.protobuf.Duration': { type: 'string', pattern: String.raw`^-?[0-9]+(\.[0-9]{1,9})?s$` },
  'google.protobuf.FieldMask': { type: 'string', format: 'field-mask' },
  'google.protobuf.FloatValue': wrapper('float'),
  'google.protobuf.Int32Value': wrapper('int32'),
  'google.protobuf.Int64Value': wrapper('int64'),
  'google.protobuf.ListValue': { type: 'array', items: {} },
  'google.protobuf.StringValue': wrapper('string'),
  'google.protobuf.Struct': { type: 'object', additionalProperties: true },
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.UInt32Value': wrapper('uint32'),
  'google.protobuf.UInt64Value': wrapper('uint64'),
  'google.protobuf.Value': {},
};

export function createSchemas({ closed, goesBothWays, examples }: SchemaOptions): Schemas {
  const components: Record<string, Schema> = {};

  function reference(name: string, make: () => Schema): Schema {
    if (!Object.hasOwn(components, name)) {
      // Present before it is made, since a message may contain itself.
      components[name] = {};
      components[name] = make();
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  function objectOf(codec: MessageCodec, direction: Direction, except: ReadonlySet<string>): Schema {
    const fields = codec.fields.filter(({ name }) => !except.has(name));
    const always = direction === 'out' ? fields.filter((field) => field.always).map(({ jsonName }) => jsonName) : [];
    return {
      type: 'object',
      ...described(codec.type.comment),
      properties: Object.fromEntries(fields.map((field) => [field.jsonName, propertyOf(field, direction)])),
      ...(always.length > 0 ? { required: always } : {}),
      ...(closed && direction === 'in' ? { additionalProperties: false } : {}),
    };
  }

  /** OpenAPI 3.1 lets a description stand beside `$ref`. */
  function propertyOf(field: FieldCodec, direction: Direction): Schema {
    const example = examples.given(field);
    return {
      ...schemas.field(field, direction),
      ...described(field.source.comment),
      ...(example === undefined ? {} : { examples: [example] }),
    };
  }

  const schemas: Schemas = {
    components,
    message(codec, direction, except = new Set()) {
      const special = WELL_KNOWN[codec.fullName];
      if (special !== undefined) return special;
      if (except.size > 0) return objectOf(codec, direction, except);
      const name = direction === 'in' && goesBothWays(codec) ? `${codec.fullName}Input` : codec.fullName;
      return reference(name, () => objectOf(codec, direction, except));
    },
    field(field, direction) {
      const value = schemas.value(field, direction);
      if (field.shape === 'list') return { type: 'array', items: value };
      return field.shape === 'map' ? { type: 'object', additionalProperties: value } : value;
    },
    value({ source, message }, direction) {
      if (message !== undefined) return schemas.message(message, direction);
      const { resolvedType } = source;
      if (!(resolvedType instanceof protobuf.Enum)) return SCALARS[source.type] ?? {};
      const name = resolvedType.fullName.slice(1);
      if (name === 'google.protobuf.NullValue') return { type: 'null' };
      return reference(name, () => enumOf(resolvedType));
    },
  };
  return schemas;
}

function enumOf(type: protobuf.Enum): Schema {
  const comments = Object.entries(type.comments as Record<string, string | null>).filter(([, comment]) => comment);
  const lines = comments.map(([name, comment]) => `- \`${name}\`: ${comment ?? ''}`);
  const description = [type.comment ?? '', lines.join('\n')].filter((text) => text !== '').join('\n\n');
  return { type: 'string', ...described(description), enum: Object.keys(type.values) };
}

export function described(comment: string | null | undefined): { description?: string } {
  return comment === null || comment === undefined || comment === '' ? {} : { description: comment };
}
