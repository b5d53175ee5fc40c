import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect, test } from 'vitest';
import { ARCHIVE, LIBRARY, libraryChannel, serveLibrary } from '../spec/library.ts';

const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' };

/** What the rules that `redocly lint` recommends find in a document. */
async function lint(document: string) {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: document, absoluteRef: '/openapi.json', config });
  return problems.map(
    ({ ruleId, severity, message, location }) => `${severity} ${ruleId} ${location[0]?.pointer ?? ''}: ${message}`,
  );
}

test.each([
  ['as it comes', {}],
  [
    'with everything',
    {
      etag: true,
      tickets: { secret: 'x' },
      openapi: {
        license: LICENSE,
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
        security: ({ name }: { name: string }) => (name === 'GetBook' ? [] : ['bearer']),
        errors: () => ['LENT', { status: 418, code: 'ABORTED', reason: 'TEAPOT', description: 'Short and stout.' }],
      },
    },
  ],
])('the description of every kind of route has no errors and no warnings, %s', async (_, options) => {
  const channel = libraryChannel({}, []);
  const { app } = await serveLibrary({}, {
    channels: { [LIBRARY]: channel, [ARCHIVE]: channel },
    openapi: { license: LICENSE },
    ...options,
  } as object);
  expect(await lint((await app.inject('/openapi.json')).body)).toEqual([]);
});

test('the linter finds what is wrong', async () => {
  expect(await lint('{"openapi":"3.1.1","info":{"title":"x","version":"1"},"paths":{}}')).not.toEqual([]);
});
