import type protobuf from 'protobufjs';
import type { Codecs } from '../codecs.ts';
import type { MessageCodec } from '../message-codec.ts';
import type { Place, Reading } from '../reading.ts';
import { isObject, kindOf, MAX_DEPTH, type ValueCodec } from '../value-codec.ts';
import { writeString } from '../write-string.ts';

/** google.protobuf.Any: the message's JSON with its type in `@type`; a well-known type stands in `value`. */
export function anyCodec(codecs: Codecs, any: protobuf.Type): ValueCodec {
  function codecOf(url: string): MessageCodec | undefined {
    const name = url.slice(url.lastIndexOf('/') + 1);
    return /^[\w.]+$/.test(name) ? codecs.named(name) : undefined;
  }

  function readMessage(
    json: Readonly<Record<string, unknown>>,
    codec: MessageCodec,
    place: Place,
    reading: Reading,
    depth: number,
  ) {
    const rest = Object.fromEntries(Object.entries(json).filter(([key]) => key !== '@type'));
    if (!codec.wellKnown) return codec.read(rest, place, reading, depth);
    const extra = Object.keys(rest).find((key) => key !== 'value');
    if (extra !== undefined && reading.unknownFields === 'refuse') {
      return reading.refuse({ within: place, key: extra }, 'is not a known field');
    }
    const at: Place = { within: place, key: 'value' };
    return 'value' in rest ? codec.read(rest['value'], at, reading, depth) : reading.refuse(at, 'is missing');
  }

  return {
    read(json, place, reading, depth) {
      if (!isObject(json)) return reading.refuse(place, `must be an object, not ${kindOf(json)}`);
      if (depth >= MAX_DEPTH) return reading.refuse(place, 'is nested too deep');
      if (Object.keys(json).length === 0) return any.create();
      const at: Place = { within: place, key: '@type' };
      const url = json['@type'];
      if (typeof url !== 'string' || !url.includes('/'))
        return reading.refuse(at, 'must be a type URL such as type.googleapis.com/a.B');
      const codec = codecOf(url);
      if (codec === undefined) return reading.refuse(at, 'is not a known type');
      const message = readMessage(json, codec, place, reading, depth + 1);
      if (message === null) return null;
      // What was refused inside is reported in the end; a message with such holes must not be encoded.
      const holes = reading.refusals > 0;
      return any.create({ type_url: url, value: holes ? new Uint8Array() : codec.type.encode(message).finish() });
    },
    write(value) {
      const { type_url: url, value: bytes } = value as { type_url: string; value: Uint8Array };
      if (url === '') return '{}';
      const codec = codecOf(url);
      if (codec === undefined) throw new Error(`an Any holds ${url}, which the contracts do not define`);
      const json = codec.write(codec.type.decode(bytes));
      if (codec.wellKnown) return `{"@type":${writeString(url)},"value":${json}}`;
      return json === '{}' ? `{"@type":${writeString(url)}}` : `{"@type":${writeString(url)},${json.slice(1)}`;
    },
  };
}
