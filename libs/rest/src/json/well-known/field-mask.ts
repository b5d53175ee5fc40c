import { jsonName } from '../field-name.ts';
import { readString } from '../scalar.ts';
import type { ValueCodec } from '../value-codec.ts';
import { writeString } from '../write-string.ts';

/** `*` is not proto3 JSON's, but what AIP-134 gives updates for the whole message. */
const PATH = /^\*$|^[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*$/;

/** google.protobuf.FieldMask: paths in lowerCamelCase, separated by commas: `title,author.fullName`. */
export const fieldMaskCodec: ValueCodec = {
  read(json, place, reading) {
    const text = readString(json, place, reading);
    if (text === null) return null;
    const paths = text === '' ? [] : text.split(',');
    if (!paths.every((path) => PATH.test(path)))
      return reading.refuse(place, 'must be paths such as title,author.fullName');
    return { paths: paths.map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) };
  },
  readText: (text, place, reading) => fieldMaskCodec.read(text, place, reading, 0),
  write(value) {
    const { paths } = value as { paths: readonly string[] };
    return writeString(paths.map((path) => path.split('.').map(jsonName).join('.')).join(','));
  },
};
