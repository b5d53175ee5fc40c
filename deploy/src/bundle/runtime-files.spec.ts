import { expect, test } from 'vitest';
import { asksForItsPlace, movedToBundle, runtimeFilesOf } from './runtime-files.ts';

test('what a source of ours names by URL goes with it, wherever it lies', () => {
  const source = `
    const proto = new URL('../../../proto', import.meta.url);
    const migrations = new URL(
      './store/migrations/',
      import.meta.url,
    );
    // not new URL('./this', import.meta.url)
  `;
  expect(runtimeFilesOf('apps/order/src/order-app.ts', source)).toEqual(['proto', 'apps/order/src/store/migrations/']);
});

test.each([
  ["createRequire(import.meta.url).resolve('left-pad')"],
  ['new URL(name, import.meta.url)'],
  ['readFile(`${__dirname}/list.json`)'],
])('a source of ours that does not say what it reads is refused: %s', (source) => {
  expect(() => runtimeFilesOf('libs/rpc/src/index.ts', source)).toThrow('libs/rpc/src/index.ts: a bundle knows');
});

test('of packages it is known, and one that nobody has looked at is refused', () => {
  const reads = 'loadSync(`${__dirname}/../proto/rpc.proto`)';
  expect(runtimeFilesOf('node_modules/etcd3/lib/pool.js', reads)).toEqual(['node_modules/etcd3/proto']);
  expect(runtimeFilesOf('libs/a/node_modules/@grpc/grpc-js/build/a.js', reads)).toEqual([
    'libs/a/node_modules/@grpc/grpc-js/proto',
  ]);
  expect(() => runtimeFilesOf('node_modules/left-pad/index.js', reads)).toThrow('left-pad/index.js reads files');
});

test('a comment asks for nothing', () => {
  expect(asksForItsPlace(" * @example new URL('./migrations/', import.meta.url)\n// __dirname\ncode();")).toBe(false);
  expect(asksForItsPlace('const here = __filename;')).toBe(true);
});

test('a source that has moved finds its files where they were laid', () => {
  expect(movedToBundle('libs/a/src/b.ts', "new URL('./c', import.meta.url)")).toBe(
    'new URL(\'./c\', new URL("./files/libs/a/src/b.ts", import.meta.url).href)',
  );
  expect(movedToBundle('node_modules/etcd3/lib/pool.js', '`${__dirname}/../proto`')).toBe(
    '`${__stampedePath("./files/node_modules/etcd3/lib")}/../proto`',
  );
});
