import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { CODES, AppError, codeOf, type FieldViolation } from '@stampede/errors';

/**
 * AppError ↔ google.rpc.Status with ErrorInfo and BadRequest, by hand: four small messages that never change.
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const DOMAIN = 'stampede';

/** Characters. Trailers share one header block, which peers bound at 8 to 64 KiB; percent-encoding makes up to nine of one. */
const MAX_MESSAGE = 1_000;
/** Bytes of the whole google.rpc.Status. */
const MAX_DETAILS = 6_000;

/** The words of an error as they may travel: bounded, and without lone surrogates, which no header encoding survives. */
export function messageOf(error: AppError): string {
  const { message } = error;
  return (message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message).toWellFormed();
}

/** google.rpc.Status of an error; what does not fit into a header block is left out, the violations and facts that came last first. */
export function encodeDetails(error: AppError): Uint8Array {
  let { violations } = error;
  let facts = Object.entries(error.metadata);
  for (;;) {
    const bytes = encode(error, violations, facts);
    if (bytes.length <= MAX_DETAILS || (violations.length === 0 && facts.length === 0)) return bytes;
    violations = violations.slice(0, Math.floor(violations.length / 2));
    if (violations.length === 0) facts = facts.slice(0, Math.floor(facts.length / 2));
  }
}

function encode(
  error: AppError,
  violations: readonly FieldViolation[],
  facts: readonly [string, string][],
): Uint8Array {
  const writer = new BinaryWriter().uint32(8).int32(CODES[error.code]).uint32(18).string(messageOf(error));

  writer.uint32(26).fork().uint32(10).string(ERROR_INFO).uint32(18).fork();
  writer.uint32(10).string(error.reason).uint32(18).string(DOMAIN);
  for (const [key, value] of facts) {
    writer.uint32(26).fork().uint32(10).string(key).uint32(18).string(value.toWellFormed()).join();
  }
  writer.join().join();

  if (violations.length > 0) {
    writer.uint32(26).fork().uint32(10).string(BAD_REQUEST).uint32(18).fork();
    for (const { field, description } of violations) {
      writer.uint32(10).fork();
      writer.uint32(10).string(field.toWellFormed()).uint32(18).string(description.toWellFormed()).join();
    }
    writer.join().join();
  }
  return writer.finish();
}

/**
 * The error that a status and its details say. Details that are absent, foreign or broken leave what the status alone says:
 * the name of its code is the reason.
 */
export function decodeError(code: number, message: string, details: Uint8Array | undefined): AppError {
  const name = codeOf(code);
  const found = details === undefined ? undefined : decodeDetails(details);
  return new AppError(name, found?.reason ?? name, message, {
    metadata: Object.fromEntries(found?.metadata ?? []),
    violations: found?.violations ?? [],
  });
}

interface Details {
  reason?: string;
  /** A map, since the wire may name any key: `__proto__` too. */
  readonly metadata: Map<string, string>;
  violations: FieldViolation[];
}

function decodeDetails(bytes: Uint8Array): Details | undefined {
  const details: Details = { metadata: new Map(), violations: [] };
  try {
    eachField(bytes, (field, reader) => {
      if (field !== 3) return false;
      decodeAny(reader.bytes(), details);
      return true;
    });
    return details;
  } catch {
    return undefined;
  }
}

function decodeAny(bytes: Uint8Array, details: Details): void {
  const [type = '', value] = [textAt(bytes, 1), bytesAt(bytes, 2)];
  if (value === undefined) return;
  if (type === ERROR_INFO) {
    const reason = textAt(value, 1);
    if (reason !== undefined && reason !== '') details.reason = reason;
    eachField(value, (field, reader) => {
      if (field !== 3) return false;
      const entry = reader.bytes();
      details.metadata.set(textAt(entry, 1) ?? '', textAt(entry, 2) ?? '');
      return true;
    });
  } else if (type === BAD_REQUEST) {
    eachField(value, (field, reader) => {
      if (field !== 1) return false;
      const violation = reader.bytes();
      details.violations.push({ field: textAt(violation, 1) ?? '', description: textAt(violation, 2) ?? '' });
      return true;
    });
  }
}

/** Visits the fields of a message; `visit` says whether it read the field's value, which is skipped otherwise. */
function eachField(bytes: Uint8Array, visit: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited || !visit(field, reader)) reader.skip(type, field);
  }
}

function bytesAt(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  eachField(bytes, (field, reader) => {
    if (field !== wanted) return false;
    found = reader.bytes();
    return true;
  });
  return found;
}

const utf8 = new TextDecoder();

function textAt(bytes: Uint8Array, wanted: number): string | undefined {
  const found = bytesAt(bytes, wanted);
  return found === undefined ? undefined : utf8.decode(found);
}
