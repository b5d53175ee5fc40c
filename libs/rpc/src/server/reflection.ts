import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type grpc from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

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
    fileDescriptorProtos: filesOf(descriptors),
  };
  new ReflectionService({ files }, { services: [...services] }).addToServer(server);
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
