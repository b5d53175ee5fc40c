import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { Metadata, type MetadataValue } from '../metadata.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { checkVersion, readHello, writeHello } from './hello.ts';
import { announceBlock, readBlock, readText, writeBlock } from './metadata-block.ts';
import { GivenNames, TakenNames } from './names.ts';
import { FRAME, MAX_BATCH, ProtocolError } from './protocol.ts';

/** Every kind of field, as it is written and read. */
const fields = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat(0xffffffff) }),
  fc.record({ kind: fc.constant('varint' as const), value: fc.nat(0xfffffff) }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 80 }) }),
);
const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 1, max: 255 }),
    fields: fc.array(fields, { maxLength: 10 }),
    rest: fc.uint8Array(),
  }),
  { maxLength: 20 },
);

test.prop([frames])('frames read back as they were written', (written) => {
  const writer = new FrameWriter();
  for (const frame of written) {
    writer.begin(frame.type);
    for (const field of frame.fields) {
      if (field.kind === 'text') writer.text(field.value);
      else writer[field.kind](field.value);
    }
    writer.bytes(frame.rest);
    writer.end();
  }
  const reader = new FrameReader(writer.take().batch);
  for (const frame of written) {
    expect(reader.next()).toBe(frame.type);
    for (const field of frame.fields) expect(reader[field.kind]()).toBe(field.value);
    expect(Uint8Array.from(reader.rest())).toEqual(frame.rest);
  }
  expect(reader.next()).toBe(0);
});

test.prop([frames, fc.uint8Array({ maxLength: 20 })])('what is not read of a frame is passed over', (written, more) => {
  const writer = new FrameWriter();
  for (const frame of written) {
    writer.begin(frame.type);
    writer.bytes(more);
    writer.end();
  }
  const reader = new FrameReader(writer.take().batch);
  for (const frame of written) expect(reader.next()).toBe(frame.type);
  expect(reader.next()).toBe(0);
});

test.prop([fc.uint8Array({ maxLength: 300 })])('noise is a ProtocolError or frames, and nothing else', (noise) => {
  const reader = new FrameReader(Buffer.from(noise));
  try {
    while (reader.next() !== 0) {
      reader.u32();
      reader.varint();
      reader.text();
      reader.rest();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
});

test('a batch that is too large is not read', () => {
  expect(() => new FrameReader(Buffer.alloc(MAX_BATCH + 1))).toThrow(ProtocolError);
});

test('a frame for which a batch has no room begins the next', () => {
  const writer = new FrameWriter();
  for (let n = 0; n < 3; n += 1) {
    writer.begin(200 + n);
    writer.bytes(Buffer.alloc(30_000, n));
    writer.end();
  }
  const { batch, left } = writer.take();
  expect(batch.length).toBe(60_008);
  writer.reset(left);
  const second = writer.take();
  expect(second).toMatchObject({ left: undefined });
  expect(new FrameReader(second.batch).next()).toBe(202);
});

const keys = fc.stringMatching(/^[a-z][0-9a-z_.-]{0,20}$/).filter((key) => !key.endsWith('-bin'));
const metadata = fc
  .array(
    fc.oneof(
      fc.tuple(keys, fc.array(fc.stringMatching(/^[ -~]{0,30}$/), { minLength: 1, maxLength: 3 })),
      fc.tuple(
        keys.map((key) => `${key}-bin`),
        fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 3 }),
      ),
    ),
    { maxLength: 8 },
  )
  .map((entries) => Metadata.received(new Map<string, MetadataValue[]>(entries)));

test.prop([fc.array(metadata, { maxLength: 6 })])(
  'metadata reads back, block after block, whatever has a name by then',
  (all) => {
    const writer = new FrameWriter();
    const given = new GivenNames(writer);
    const taken = new TakenNames();
    for (const each of [...all, ...all]) {
      announceBlock(each, given);
      writer.begin(FRAME.call);
      writeBlock(each, writer, given);
      writer.end();
      const reader = new FrameReader(writer.take().batch);
      writer.reset(undefined);
      let type = reader.next();
      for (; type === FRAME.name; type = reader.next()) taken.take(reader);
      const block = reader.bytes(reader.u16());
      const read = readBlock(block, taken);
      const plain = (some: Metadata) =>
        [...some].map(([key, values]) => [
          key,
          values.map((value) => (typeof value === 'string' ? value : [...value])),
        ]);
      expect(plain(read)).toEqual(plain(each));
      for (const [key, [first]] of each) {
        if (!key.endsWith('-bin')) expect(readText(block, 0, block.length, taken, key)).toBe(first);
      }
      expect(readText(block, 0, block.length, taken, 'not-there')).toBe(each.get('not-there'));
    }
  },
);

test.prop([fc.uint8Array({ maxLength: 200 })])('a block of noise reads as some metadata', (noise) => {
  for (const [key, values] of readBlock(Buffer.from(noise), new TakenNames())) {
    expect(() => new Metadata().set(key, ...values)).not.toThrow(/illegal|must be|ASCII/);
    if (key.endsWith('-bin')) continue;
    // With more noise around it, which is none of its.
    const around = Buffer.concat([Buffer.from(noise), Buffer.from(noise), Buffer.from(noise)]);
    expect(readText(around, noise.length, 2 * noise.length, new TakenNames(), key)).toBe(values[0]);
  }
});

describe('byte for byte', () => {
  const bytesOf = (write: (writer: FrameWriter) => void) => {
    const writer = new FrameWriter();
    write(writer);
    return writer.take().batch.toString('hex');
  };

  test('HELLO', () => {
    const hello = { lowest: 1, highest: 1, credits: 2_000, maxMessage: 4_194_304, window: 33_554_432 };
    const hex = bytesOf((writer) => writeHello({ ...hello, service: 'echo', instance: 'e-1' }, writer));
    expect(hex).toBe('01170000' + '01' + '01' + 'd0070000' + '00004000' + '00000002' + '046563686f' + '03652d31');
    const reader = new FrameReader(Buffer.from(hex, 'hex'));
    expect(reader.next()).toBe(FRAME.hello);
    expect(readHello(reader)).toEqual({ ...hello, service: 'echo', instance: 'e-1' });
  });

  test('NAME, and a block whose value is named once it repeats', () => {
    const writer = new FrameWriter();
    const names = new GivenNames(writer);
    const tenant = new Metadata({ 'x-tenant': 'north', 'b-bin': Uint8Array.of(0, 255) });
    const next = () => {
      announceBlock(tenant, names);
      writer.begin(FRAME.call);
      writeBlock(tenant, writer, names);
      writer.end();
      const hex = writer.take().batch.toString('hex');
      writer.reset(undefined);
      return hex;
    };
    const name = (id: string, text: string) =>
      `02${(3 + text.length).toString(16).padStart(2, '0')}0000${id}${text.length.toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`;
    const bin = '0200' + '04' + '00ff';
    const literal = '0100' + '0a' + Buffer.from('north').toString('hex');
    expect(next()).toBe(name('0100', 'x-tenant') + name('0200', 'b-bin') + '040f0000' + '0d00' + literal + bin);
    expect(next()).toBe(name('0300', 'north') + '040a0000' + '0800' + '0100' + '07' + bin);
    expect(next()).toBe('040a0000' + '0800' + '0100' + '07' + bin);
  });

  test('versions that are not spoken are refused', () => {
    const hello = { credits: 0, maxMessage: 0, window: 0, service: '', instance: '' };
    expect(() => checkVersion({ ...hello, lowest: 1, highest: 9 })).not.toThrow();
    expect(() => checkVersion({ ...hello, lowest: 2, highest: 9 })).toThrow(ProtocolError);
    expect(() => checkVersion({ ...hello, lowest: 0, highest: 0 })).toThrow(ProtocolError);
  });
});
