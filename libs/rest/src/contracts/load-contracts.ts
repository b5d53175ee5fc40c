import { existsSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';
import api from 'protobufjs/google/protobuf/api.json' with { type: 'json' };
import descriptor from 'protobufjs/google/protobuf/descriptor.json' with { type: 'json' };
import sourceContext from 'protobufjs/google/protobuf/source_context.json' with { type: 'json' };
import typeDescriptor from 'protobufjs/google/protobuf/type.json' with { type: 'json' };
import { HTTP_BODY_FILE, httpBodyDefinition } from './http-body.ts';

export interface ContractSource {
  /** The folder (or folders, searched in order) that imports are relative to. */
  readonly protoRoot: string | readonly string[];
  /** Paths of `.proto` files within it; what they import comes along. */
  readonly files: readonly string[];
}

/**
 * Parses `.proto` text with all its imports. The text is needed: a descriptor set that went through protobufjs has lost its custom
 * options, and repeated ones keep only their last value in proto-loader's view, while `parsedOptions` keeps them all.
 * Field names stay as they were written; the JSON names are derived by proto3's rule, which protobufjs' camel case is not.
 */
export function loadContracts({ protoRoot, files }: ContractSource): protobuf.Root {
  const roots = typeof protoRoot === 'string' ? [protoRoot] : protoRoot;
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => {
    if (bundled.has(target)) return target;
    const candidates = [
      ...roots.map((folder) => path.join(folder, target)),
      path.resolve(path.dirname(origin), target),
    ];
    const found = candidates.find((candidate) => existsSync(candidate));
    if (found !== undefined) return found;
    if (target === HTTP_BODY_FILE) return target;
    // Options are read as they are written, so their definitions may be missing: not every project keeps a copy of google/api.
    if (target.startsWith('google/api/')) return null;
    throw new Error(`${target} (imported by ${origin === '' ? 'you' : origin}) is in none of ${roots.join(', ')}`);
  };
  root.loadSync([...files], { keepCase: true, alternateCommentMode: true });
  root.resolveAll();
  return root;
}

const definitions = {
  api,
  descriptor,
  source_context: sourceContext,
  type: typeDescriptor,
};

const bundled = new Set([
  ...['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers'].map(fileOf),
  ...Object.keys(definitions).map(fileOf),
]);

// protobufjs carries these definitions and leaves it to its users to register them.
for (const [name, json] of Object.entries(definitions)) {
  protobuf.common(name, json.nested.google.nested.protobuf.nested);
}

protobuf.common(HTTP_BODY_FILE, httpBodyDefinition);

function fileOf(name: string): string {
  return `google/protobuf/${name}.proto`;
}
