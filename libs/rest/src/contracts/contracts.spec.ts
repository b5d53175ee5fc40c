import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { httpBindings } from './http-rule.ts';
import { loadContracts } from './load-contracts.ts';
import { methodsOf } from './method.ts';
import { namesOption } from './option.ts';
import { reasonStatuses } from './reason-status.ts';

/** The contracts of a file with this text. */
async function contractsOf(text: string) {
  const protoRoot = await mkdtemp(path.join(tmpdir(), 'rest-'));
  onTestFinished(() => rm(protoRoot, { recursive: true }));
  await writeFile(path.join(protoRoot, 'a.proto'), `syntax = "proto3";\npackage a.b;\n${text}`);
  return loadContracts({ protoRoot, files: ['a.proto'] });
}

async function bindingsOf(rule: string) {
  const root = await contractsOf(`
    import "google/api/annotations.proto";
    message M { string s = 1; }
    service S { rpc Do(M) returns (M) { ${rule} } }
  `);
  return methodsOf(root).flatMap(httpBindings);
}

test.each([
  ['option (google.api.http) = { get: "/v1/{s}" };', [['GET', '/v1/{s}', undefined, undefined]]],
  ['option (.google.api.http) = { put: "/v1" body: "s", response_body: "s" };', [['PUT', '/v1', 's', 's']]],
  [
    'option (google.api.http).post = "/v1:x"; option (google.api.http).body = "*";',
    [['POST', '/v1:x', '*', undefined]],
  ],
  [
    'option (google.api.http) = { get: "/a" additional_bindings { delete: "/b" } additional_bindings { patch: "/c" body: "*" } };',
    [
      ['GET', '/a', undefined, undefined],
      ['DELETE', '/b', undefined, undefined],
      ['PATCH', '/c', '*', undefined],
    ],
  ],
  ['option (google.api.http) = { custom { kind: "SEARCH" path: "/a" } };', [['SEARCH', '/a', undefined, undefined]]],
  ['option deprecated = true;', []],
])('%s', async (rule, expected) => {
  const bindings = await bindingsOf(rule);
  expect(bindings.map(({ verb, template, body, responseBody }) => [verb, template.source, body, responseBody])).toEqual(
    expected,
  );
});

test.each([
  ['option (google.api.http) = { body: "*" };', 'there must be one pattern'],
  ['option (google.api.http) = { get: "/a" put: "/b" };', 'there must be one pattern'],
  ['option (google.api.http) = { get: "v1" };', 'path template v1'],
  ['option (google.api.http) = { post: "/a" body: "nope" };', 'M has no field nope'],
  ['option (google.api.http) = { get: "/a" body: "*" };', 'GET takes no body'],
  ['option (google.api.http) = { get: "/a" response_body: "nope" };', 'M has no field nope'],
  ['option (google.api.http) = { custom { kind: "FROB" path: "/a" } };', 'no HTTP method FROB'],
  [
    'option (google.api.http) = { get: "/a" additional_bindings { get: "/b" additional_bindings { get: "/c" } } };',
    'do not nest',
  ],
])('%s breaks the rules', async (rule, message) => {
  await expect(bindingsOf(rule)).rejects.toThrow(message);
  await expect(bindingsOf(rule)).rejects.toThrow('google.api.http of a.b.S/Do');
});

test('an option is found under each name that its scope allows', () => {
  expect(namesOption('(google.api.http)', 'google.api.http', 'a')).toBe(true);
  expect(namesOption('(.google.api.http)', 'google.api.http', 'a')).toBe(true);
  expect(namesOption('(http)', 'google.api.http', 'google.api.v1')).toBe(true);
  expect(namesOption('(http)', 'google.api.http', 'other.api')).toBe(false);
  expect(namesOption('(my.google.api.http)', 'google.api.http', 'a')).toBe(false);
  expect(namesOption('deprecated', 'google.api.http', 'a')).toBe(false);
});

const EXTENSION =
  'import "google/protobuf/descriptor.proto"; extend google.protobuf.EnumValueOptions { int32 status = 50001; }';

test('reasons have the statuses that their contracts say, with and without the prefix of their enum', async () => {
  const root = await contractsOf(`${EXTENSION}
    enum ErrorReason { ERROR_REASON_NONE = 0; ERROR_REASON_GONE = 1 [(a.b.status) = 410]; BUSY = 2 [(status) = 423]; }
    message M { enum Inner { NONE = 0; ODD = 1 [(a.b.status) = 418]; } }
  `);
  expect([...reasonStatuses(root, 'a.b.status')]).toEqual([
    ['ERROR_REASON_GONE', 410],
    ['GONE', 410],
    ['BUSY', 423],
    ['ODD', 418],
  ]);
});

test('a reason with two statuses, or with none that HTTP knows for errors, is refused', async () => {
  const twice = await contractsOf(`${EXTENSION}
    enum A { A_NONE = 0; X = 1 [(a.b.status) = 410]; }
    enum B { B_NONE = 0; B_X = 1 [(a.b.status) = 411]; }
  `);
  expect(() => reasonStatuses(twice, 'a.b.status')).toThrow('.a.b.B.B_X is 411, and 410 elsewhere');
  const odd = await contractsOf(`${EXTENSION} enum A { A_NONE = 0; X = 1 [(a.b.status) = 200]; }`);
  expect(() => reasonStatuses(odd, 'a.b.status')).toThrow('is no HTTP error status');
});

test('a missing import is named', async () => {
  await expect(contractsOf('import "not/there.proto";')).rejects.toThrow('not/there.proto');
});
