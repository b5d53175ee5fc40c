import { isHttpBody } from '../contracts/http-body.ts';
import type { HttpBinding } from '../contracts/http-rule.ts';
import type { Codecs } from '../json/codecs.ts';
import type { FieldCodec } from '../json/field-codec.ts';
import type { Message } from '../json/message-codec.ts';
import { startReading, type Place, type Reading, type ReadOptions } from '../json/reading.ts';
import { capture } from '../routing/capture.ts';
import { holderOf, resolvePath } from './field-path.ts';
import { parseQuery } from './query.ts';
import { maskUpdate } from './update-mask.ts';

export interface HttpInput {
  /** Raw, as the router answered them. */
  readonly segments: readonly string[];
  /** Without the question mark. */
  readonly query: string;
  /** Parsed JSON, or an HttpContent where the route takes content; undefined if there was no body. */
  readonly body: unknown;
}

/** Makes the request message out of a path, a query and a body; throws a 400 that names every field at fault. */
export type RequestBinder = (input: HttpInput) => Message;

export interface BindOptions extends ReadOptions {
  /** Fields of the request that come from elsewhere (a hook sets them from headers): not accepted in body or query. */
  readonly elsewhere: readonly string[];
}

/** The rules of a binding, compiled: throws where its template or body names fields that the request cannot take from there. */
export function bindRequest(binding: HttpBinding, codecs: Codecs, options: BindOptions): RequestBinder {
  const { method, template, body: bodyRule } = binding;
  const codec = codecs.of(method.requestType);
  const variables = template.variables.map((variable) => {
    const fields = resolvePath(codec, variable.fieldPath);
    const last = fields?.at(-1);
    if (fields === undefined || last?.shape !== 'single' || last.value.readText === undefined) {
      throw new Error(
        `${template.source} of ${method.fullName}: {${variable.fieldPath.join('.')}} is no single, primitive field`,
      );
    }
    return { variable, fields, readText: last.value.readText, name: spellFields(fields) };
  });
  const bodyField = bodyRule === undefined || bodyRule === '*' ? undefined : codec.field(bodyRule);
  const takesContent = isHttpBody((bodyField?.message ?? (bodyRule === '*' ? codec : undefined))?.type);
  const updateMask = maskUpdate(
    binding,
    codec,
    bodyField,
    variables.map(({ fields }) => fields.map(({ name }) => name).join('.')),
  );
  const taken = new Set([
    ...variables.map(({ name }) => name),
    ...options.elsewhere.map((name) => codec.field(name)?.jsonName ?? name),
  ]);

  function readBody(body: unknown, reading: Reading): Message {
    if (bodyRule === undefined) {
      const empty = body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0);
      if (!empty) reading.refuse({ within: undefined, key: 'body' }, 'this route takes no body');
      return codec.create();
    }
    if (takesContent) {
      const content = body === undefined ? {} : (body as object);
      const message = codec.create();
      return bodyField === undefined
        ? Object.assign(message, content)
        : Object.assign(message, { [bodyField.name]: content });
    }
    if (bodyField === undefined)
      return body === undefined ? codec.create() : (codec.read(body, undefined, reading, 0) ?? codec.create());
    const message = codec.create();
    if (body === undefined || (body === null && !bodyField.nullable)) return message;
    const value = bodyField.read(body, { within: undefined, key: bodyField.jsonName }, reading, 0);
    if (value !== null) message[bodyField.name] = value;
    return message;
  }

  function setParameter(message: Message, name: string, text: string, reading: Reading): void {
    const place = placeOf(name);
    const fields = bodyRule === '*' ? undefined : resolvePath(codec, name.split('.'));
    const field = fields?.at(-1);
    if (fields === undefined || field === undefined || fields[0] === bodyField || taken.has(spellFields(fields))) {
      if (reading.unknownFields === 'refuse') reading.refuse(place, 'is not a known query parameter');
      return;
    }
    if (field.shape === 'map' || field.value.readText === undefined) {
      reading.refuse(place, 'is not a field that a query parameter can set');
      return;
    }
    const holder = holderOf(message, fields);
    const rival = rivalOf(message, fields);
    if (rival !== undefined) {
      reading.refuse(place, `excludes ${rival}: one of a oneof may be set`);
      return;
    }
    const set = Object.hasOwn(holder, field.name);
    if (set && field.shape === 'single') {
      reading.refuse(place, 'is given twice');
      return;
    }
    const value = field.value.readText(text, place, reading);
    if (value === null) return;
    if (field.shape === 'single') holder[field.name] = value;
    else if (set) (holder[field.name] as unknown[]).push(value);
    else holder[field.name] = [value];
  }

  return ({ segments, query, body }) => {
    const reading = startReading(options);
    const message = readBody(body, reading);
    for (const name of options.elsewhere) {
      if (Object.hasOwn(message, name))
        reading.refuse(placeOf(codec.field(name)?.jsonName ?? name), 'is not taken from the body');
    }
    if (query !== '') {
      for (const parameter of parseQuery(query)) {
        if (parameter.kind === 'pair') setParameter(message, parameter.name, parameter.value, reading);
        else reading.refuse(placeOf(parameter.text), 'is not valid percent-encoding');
      }
    }
    updateMask?.(message, body, reading);
    for (const { variable, fields, readText, name } of variables) {
      const text = capture(variable, segments, template.segments.length);
      const value =
        text === undefined
          ? reading.refuse(placeOf(name), 'is not valid percent-encoding')
          : readText(text, placeOf(name), reading);
      const field = fields.at(-1);
      if (value !== null && field !== undefined) holderOf(message, fields)[field.name] = value;
    }
    reading.finish();
    return message;
  };
}

function placeOf(name: string): Place {
  return { within: undefined, key: name };
}

function spellFields(fields: readonly FieldCodec[]): string {
  return fields.map(({ jsonName }) => jsonName).join('.');
}

/** Another member of a oneof, already set, of any field on the way. */
function rivalOf(message: Message, fields: readonly FieldCodec[]): string | undefined {
  return fields
    .map((field, index) => {
      const holder = holderOf(message, fields.slice(0, index + 1));
      return field.rivals.find((name) => Object.hasOwn(holder, name));
    })
    .find((rival) => rival !== undefined);
}
