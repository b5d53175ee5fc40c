import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The folder of the `.proto` files, for those who read their text: descriptor sets lose the options of google.api.http. */
export const protoRoot = fileURLToPath(new URL('../../../proto', import.meta.url));

/** All contracts with what they import: a google.protobuf.FileDescriptorSet, for gRPC reflection. */
export function descriptorSet(): Promise<Uint8Array> {
  return readFile(new URL('./gen/descriptors.binpb', import.meta.url));
}
