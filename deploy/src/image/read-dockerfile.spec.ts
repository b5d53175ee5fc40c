import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../root.ts';
import { readDockerfile } from './read-dockerfile.ts';

const text = readFileSync(path.join(ROOT, 'deploy/Dockerfile'), 'utf8');
const image = readDockerfile(text);

test('the image is distroless, and runs as a user by number who is not root', () => {
  expect(image.from).toMatch(/^gcr\.io\/distroless\/cc-debian\d+:nonroot$/);
  expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
});

test('it listens where others can reach it, and its health check asks there', () => {
  expect(image.env).toMatchObject({ HOST: '0.0.0.0', PORT: '8080', ADMIN_PORT: '9090' });
  expect(text).toContain('EXPOSE 8080 9090');
});

test('it starts Node with the flags that npm start gives', () => {
  const flags = readFileSync(path.join(ROOT, 'apps/stack/src/node-flags.ts'), 'utf8').match(/(?<=')--[^']+(?=')/g);
  expect(flags).not.toBeNull();
  expect(image.entrypoint).toEqual(expect.arrayContaining(flags ?? []));
});

test('the Node of package-lock.json needs no library that such an image lacks', () => {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: readonly string[] };
  const names = sharedObjects.map((file) => path.basename(file)).filter((name) => /^lib.*\.so/.test(name));
  // The libraries of glibc, and what distroless calls cc: libgcc and libstdc++.
  const glibc = /^lib(c|m|dl|pthread|rt|resolv|nss_\w+)\.so/;
  expect(names.filter((name) => !glibc.test(name) && !/^lib(gcc_s|stdc\+\+)\.so/.test(name))).toEqual([]);
});

test('a last stage that says less is refused', () => {
  expect(() => readDockerfile(text.replace(/^USER .*$/m, ''))).toThrow('the last stage has no USER');
});
