import { readFileSync } from 'node:fs';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import grpc from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { asBuffer } from '../wire/grpc-metadata.ts';
import { startEcho } from './setup.ts';

const descriptors = readFileSync(new URL('../../test-proto/gen/descriptors.binpb', import.meta.url));

/** One ServerReflectionRequest with text in `field`; answers the fields of the response as [number, bytes]. */
async function ask(address: string, version: string, field: number, text: string): Promise<Map<number, Uint8Array>> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (bytes: Uint8Array) => asBuffer(bytes),
    (bytes: Buffer) => new Uint8Array(bytes),
  );
  call.write(new BinaryWriter().tag(field, WireType.LengthDelimited).string(text).finish());
  call.end();
  const answers = (await call.toArray()) as Uint8Array[];
  return fields(answers[0] ?? new Uint8Array());
}

function fields(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) found.set(number, reader.bytes());
    else reader.skip(type, number);
  }
  return found;
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1');

test.each(['v1', 'v1alpha'])(
  '%s lists services, finds symbols, and files by the names they are imported by',
  async (version) => {
    const { instance } = await startEcho({}, { descriptors });
    const list = await ask(instance.address, version, 7, '*');
    expect(text(list.get(6))).toContain('stampede.test.v1.EchoService');
    expect(text(list.get(6))).toContain('grpc.health.v1.Health');
    const health = await ask(instance.address, version, 4, 'grpc.health.v1.Health');
    expect(text(health.get(4))).toContain('HealthCheckRequest');
    // grpcurl refuses a map whose entry has another name.
    expect(text(health.get(4))).toMatch(/[^.]StatusesEntry/);
    const symbol = await ask(instance.address, version, 4, 'stampede.test.v1.EchoService');
    expect(text(symbol.get(4))).toContain('stampede/test/v1/echo.proto');
    const file = await ask(instance.address, version, 3, 'google/protobuf/timestamp.proto');
    expect(text(file.get(4))).toContain('Timestamp');
    const missing = await ask(instance.address, version, 4, 'no.such.Symbol');
    expect(missing.has(7)).toBe(true);
  },
);

test('without descriptors there is no reflection', async () => {
  const { instance } = await startEcho();
  await expect(ask(instance.address, 'v1', 7, '*')).rejects.toMatchObject({ code: grpc.status.UNIMPLEMENTED });
});
