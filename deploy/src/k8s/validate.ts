import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../root.ts';
import type { Manifest } from './build.ts';

const moduleOf = ({ apiVersion, kind }: Manifest) => `kubernetes-models/${apiVersion}/${kind}`;

/** What Kubernetes' schema has against an object: types, formats, missing fields. Empty if nothing. Unknown fields are `unknownFields`' affair. */
export async function violations(manifest: Manifest): Promise<readonly string[]> {
  const models = (await import(moduleOf(manifest))) as Record<string, new (data: object) => { validate: () => void }>;
  const Model = models[manifest.kind];
  if (Model === undefined) return [`there is no ${manifest.apiVersion} ${manifest.kind}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

/**
 * The fields that Kubernetes does not know: the API server would drop them or refuse the object. The schemas let them pass, the interfaces generated from the same
 * source do not: the objects are type-checked as literals.
 */
export function unknownFields(manifests: readonly Manifest[]): readonly string[] {
  const file = path.join(ROOT, 'deploy/src/k8s/manifests.virtual.ts');
  const text = manifests
    .map(
      (manifest, index) =>
        `import type { I${manifest.kind} as T${index} } from '${moduleOf(manifest)}';\nexport const m${index}: T${index} = ${JSON.stringify(manifest, undefined, 1)};\n`,
    )
    .join('');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    lib: ['lib.esnext.d.ts'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === file || disk.fileExists(name),
    readFile: (name) => (name === file ? text : disk.readFile(name)),
    getSourceFile: (name, ...rest) =>
      name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ESNext) : disk.getSourceFile(name, ...rest),
  };
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n').split('\n').at(-1)?.trim() ?? '');
}
