import type { HttpBinding } from '../contracts/http-rule.ts';
import type { FieldCodec } from '../json/field-codec.ts';
import type { Message, MessageCodec } from '../json/message-codec.ts';
import type { Reading } from '../json/reading.ts';
import { isObject } from '../json/value-codec.ts';

const FIELD_MASK = 'google.protobuf.FieldMask';

/** Completes the mask of a partial update, or checks the one that was sent. */
export type MaskUpdate = (message: Message, body: unknown, reading: Reading) => void;

/**
 * What PATCH means for the request's FieldMask: where the client sends none, it is what the body names, so that `{"title": null}` clears the
 * title and touches nothing else; one that is sent may name only what the body's message has. Undefined where the binding is no PATCH of one
 * field, or the request has not exactly one mask.
 * @see https://google.aip.dev/134
 * @see https://grpc-ecosystem.github.io/grpc-gateway/docs/mapping/patch_feature/
 */
export function maskUpdate(
  { verb }: HttpBinding,
  codec: MessageCodec,
  bodyField: FieldCodec | undefined,
  /** The fields that the path sets, from the request on: `book.name`. */
  fromPath: readonly string[],
): MaskUpdate | undefined {
  const resource = bodyField?.message;
  const masks = codec.fields.filter(({ message, shape }) => message?.fullName === FIELD_MASK && shape === 'single');
  const [mask] = masks;
  if (verb !== 'PATCH' || bodyField === undefined || resource === undefined || resource.wellKnown) return undefined;
  if (bodyField.shape !== 'single' || mask === undefined || masks.length > 1) return undefined;
  const bound = new Set(
    fromPath
      .filter((path) => path.startsWith(`${bodyField.name}.`))
      .map((path) => path.slice(bodyField.name.length + 1)),
  );

  return (message, body, reading) => {
    const sent = message[mask.name] as { readonly paths: readonly string[] } | undefined;
    if (sent !== undefined && Object.hasOwn(message, mask.name)) {
      const unknown = sent.paths.find((path) => path !== '*' && !leadsSomewhere(resource, path.split('.')));
      if (unknown !== undefined) {
        reading.refuse({ within: undefined, key: mask.jsonName }, `${resource.type.name} has no field ${unknown}`);
      }
    } else if (isObject(body)) {
      message[mask.name] = { paths: namedIn(body, resource, '').filter((path) => !bound.has(path)) };
    }
  };
}

/** The fields that a body names, by their paths in proto: as deep as its objects are messages; lists, maps and well-known types are one. */
function namedIn(body: Readonly<Record<string, unknown>>, codec: MessageCodec, prefix: string): string[] {
  return Object.keys(body).flatMap((key) => {
    const field = codec.field(key);
    if (field === undefined) return [];
    const value = body[key];
    const path = prefix + field.name;
    const inner = field.shape === 'single' && field.message?.wellKnown === false ? field.message : undefined;
    if (inner === undefined || !isObject(value) || Object.keys(value).length === 0) return [path];
    return namedIn(value, inner, `${path}.`);
  });
}

/** Below a map or a well-known type anything may be meant. */
function leadsSomewhere(codec: MessageCodec, [name = '', ...rest]: readonly string[]): boolean {
  const field = codec.field(name);
  if (field === undefined) return false;
  if (rest.length === 0 || field.shape === 'map' || field.message?.wellKnown === true) return true;
  return field.shape === 'single' && field.message !== undefined && leadsSomewhere(field.message, rest);
}
