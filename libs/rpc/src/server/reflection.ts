import { readFileSync } from 'node:fs';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type grpc from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/**
 * grpc.health.v1 is served too, and belongs to no contract of ours. Its descriptors are built from grpc-health-check's own proto (`generate`): those that the package
 * carries have a map that grpcurl refuses.
 */
const HEALTH = new URL('./gen/health.binpb', import.meta.url);

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0];

/**
 * Serves grpc.reflection.v1 and v1alpha, so that grpcurl and its like need no proto files.
 *
 * @param descriptors bytes of a google.protobuf.FileDescriptorSet with its imports (`buf build -o image.binpb`)
 * @param services full names to list
 */
export function addReflection(
  server: Pick<grpc.Server, 'addService'>,
  descriptors: Uint8Array,
  services: readonly string[],
): void {
  const files: PackageDefinition[string] = {
    format: 'Protocol Buffer 3 DescriptorProto',
    type: {},
    fileDescriptorProtos: [...filesOf(descriptors), ...filesOf(readFileSync(HEALTH))],
  };
  new ReflectionService({ files }, { services: [...services, 'grpc.health.v1.Health'] }).addToServer(server);
}

/** The FileDescriptorProtos of a set, each as its own bytes: by these names imports are resolved. */
function filesOf(descriptors: Uint8Array): Buffer[] {
  const files: Buffer[] = [];
  const reader = new BinaryReader(descriptors);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) files.push(Buffer.from(reader.bytes()));
    else reader.skip(type, field);
  }
  return files;
}
