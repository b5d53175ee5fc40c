import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../root.ts';

/** An object of Kubernetes, as manifests have it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

const BUILDERS = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
] as const;

/** The program that builds manifests here: `kubectl` or `kustomize`, whichever is installed. */
export const builder = BUILDERS.find(([program, command]) => spawnSync(program, [command, '--help']).status === 0);

/** All objects of a folder below deploy/k8s. */
export function build(folder: string): readonly Manifest[] {
  const [program, command] = builder ?? BUILDERS[0];
  const { status, stdout, stderr } = spawnSync(program, [command, path.join(ROOT, 'deploy/k8s', folder)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program} ${command} ${folder} failed: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

/** How an object is called in what a test says. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}
