import { expect, test } from 'vitest';
import { ARCHIVE, LIBRARY, libraryChannel, serveLibrary } from '../spec/library.ts';

interface Operation {
  operationId: string;
  summary: string;
  security?: object[];
  parameters: { name: string; in: string; required?: boolean; schema: object; description?: string }[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  info: object;
  tags: object[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, { properties: Record<string, object>; enum?: string[]; examples?: string[] }>;
    responses: object;
    securitySchemes?: object;
  };
}

async function documentOf(options = {}): Promise<Document> {
  const { app } = await serveLibrary({}, options);
  const response = await app.inject('/openapi.json');
  expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
  return response.json<Document>();
}

test('every binding is an operation', async () => {
  const { openapi, info, tags, paths } = await documentOf({ openapi: { title: 'Library', version: '2' } });
  expect(openapi).toMatch(/^3\.1\./);
  expect(info).toEqual({ title: 'Library', version: '2' });
  expect(tags).toEqual([{ name: 'Library', description: 'Shelves and books.' }]);
  expect(
    Object.fromEntries(
      Object.entries(paths).map(([path, item]) => [
        path,
        Object.entries(item).map(([verb, { operationId }]) => `${verb} ${operationId}`),
      ]),
    ),
  ).toEqual({
    '/v1/shelves/{shelvesId}/books/{booksId}': ['get Library_GetBook', 'patch Library_UpdateBook'],
    '/v1/books/{name}': ['get Library_GetBook_2', 'delete Library_DeleteBook'],
    '/v1/shelves/{shelf}/books': ['get Library_ListBooks', 'post Library_CreateBook'],
    '/v1/books/{name}:lend': ['post Library_LendBook'],
    '/v1/files/{path}': ['get Library_ReadFile'],
    '/v1/files/{path}:raw': ['get Library_ReadFile_2'],
    '/v1/echo': ['post Library_Echo', 'get Library_Echo_2'],
    '/v1/echo/{int64_value}/{color}/{truth}': ['put Library_Echo_3'],
    '/v1/tags': ['put Library_Retag'],
    '/v1/books/{name}:watch': ['get Library_WatchBook'],
    '/v1/books:collect': ['post Library_Collect'],
  });
});

test('parameters, bodies and responses are where the rules put them', async () => {
  const { paths } = await documentOf();
  const list = paths['/v1/shelves/{shelf}/books']?.['get'];
  expect(list?.parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).toEqual([
    'path shelf',
    'query pageSize',
    'query colors',
    'query filter.author.fullName',
    'query filter.years',
    'query filter.genre',
    'query filter.series',
    'query since',
    'query cursor',
  ]);
  expect(list?.responses['200']?.content?.['application/json']?.schema).toEqual({
    type: 'array',
    items: { $ref: '#/components/schemas/library.v1.Book' },
  });
  expect(list?.responses['4XX']).toEqual({ $ref: '#/components/responses/Problem' });
  const create = paths['/v1/shelves/{shelf}/books']?.['post'];
  expect(create?.requestBody?.content['application/json']?.schema).toEqual({
    $ref: '#/components/schemas/library.v1.BookInput',
  });
  expect(create?.parameters.map(({ name }) => name)).toEqual(['shelf', 'validateOnly']);
  const lend = paths['/v1/books/{name}:lend']?.['post'];
  expect(
    Object.keys((lend?.requestBody?.content['application/json']?.schema as { properties: object }).properties),
  ).toEqual(['reader', 'ticket']);
  expect(Object.keys(paths['/v1/books/{name}:watch']?.['get']?.responses['200']?.content ?? {})).toEqual([
    'text/event-stream',
    'application/x-ndjson',
  ]);
});

test('schemas are those of proto3 JSON, with the comments of the contracts', async () => {
  const { schemas } = (await documentOf()).components;
  expect(schemas['library.v1.Book']?.properties).toMatchObject({
    name: { type: 'string', description: 'Resource name.' },
    author: { $ref: '#/components/schemas/library.v1.Author' },
    tags: { type: 'array', items: { type: 'string' } },
    pageCount: { type: 'integer', format: 'int32' },
  });
  expect(schemas['library.v1.Author']?.properties['teachers']).toEqual({
    type: 'array',
    items: { $ref: '#/components/schemas/library.v1.Author' },
  });
  expect(schemas['library.v1.Everything']?.properties).toMatchObject({
    int64Value: { type: 'string', format: 'int64' },
    timestamp: { type: 'string', format: 'date-time' },
    counts: { type: 'object', additionalProperties: { type: 'integer' } },
  });
  expect(schemas['library.v1.Color']).toMatchObject({
    enum: ['COLOR_UNSPECIFIED', 'RED', 'PINK'],
    description: '- `PINK`: Not quite red.',
  });
  expect((schemas['Problem']?.properties['reason'] as { examples: string[] }).examples).toEqual([
    'LENT',
    'LIBRARY_REASON_NO_SUCH_BOOK',
    'NO_SUCH_BOOK',
  ]);
});

test('what is written has its fields, what is read is closed, and a message that goes both ways is described twice', async () => {
  const { schemas } = (await documentOf()).components;
  expect(schemas['library.v1.Book']).toMatchObject({ required: ['name', 'title', 'tags'] });
  expect(schemas['library.v1.Book']).not.toHaveProperty('additionalProperties');
  expect(schemas['library.v1.BookInput']).toMatchObject({ additionalProperties: false });
  expect(schemas['library.v1.BookInput']).not.toHaveProperty('required');
  expect(schemas['library.v1.BookInput']?.properties['author']).toEqual({
    $ref: '#/components/schemas/library.v1.AuthorInput',
  });
});

interface Failure {
  description: string;
  content: Record<string, { examples: Record<string, { value: { status: number; code: string } }> }>;
}

test('failures are listed with their reasons: those that a comment names, and those that are added', async () => {
  const teapot = { status: 418, code: 'ABORTED', reason: 'TEAPOT', description: 'Short and stout.' } as const;
  const { paths, components } = await documentOf({
    openapi: { errors: ({ name }: { name: string }) => (name === 'LendBook' ? ['LENT', teapot] : []) },
  });
  const find = (path: string, verb: string, status: string): Failure | undefined => {
    const { $ref } = paths[path]?.[verb]?.responses[status] ?? {};
    return (components.responses as Record<string, Failure>)[$ref?.split('/').at(-1) ?? ''];
  };
  expect(find('/v1/books/{name}', 'get', '410')?.description).toBe('Gone.\n- `NO_SUCH_BOOK`: Nobody has it.');
  expect(find('/v1/books/{name}:lend', 'post', '423')?.description).toContain('`LENT`');
  expect(find('/v1/books/{name}:lend', 'post', '418')?.content['application/problem+json']?.examples).toEqual({
    TEAPOT: {
      summary: 'Short and stout.',
      value: expect.objectContaining({ status: 418, code: 'ABORTED', reason: 'TEAPOT' }) as object,
    },
  });
  expect(find('/v1/tags', 'put', '415')?.description).toContain('`UNSUPPORTED_MEDIA_TYPE`');
  expect(find('/v1/books/{name}', 'get', '415')).toBeUndefined();
  expect(find('/v1/books/{name}', 'get', '504')).toBeDefined();
  await expect(documentOf({ openapi: { errors: () => ['NOPE'] } })).rejects.toThrow('no reason NOPE');
});

test('examples follow from the types, and from what is given for a field', async () => {
  const { paths, components } = await documentOf({ openapi: { examples: { 'library.v1.Book.title': 'Momo' } } });
  const book = {
    title: 'Momo',
    author: { fullName: 'text', teachers: [] },
    tags: ['text'],
    pageCount: 1,
    name: 'text',
  };
  const create = paths['/v1/shelves/{shelf}/books']?.['post'];
  expect(create?.requestBody?.content['application/json']).toMatchObject({ example: book });
  expect(create?.responses['200']?.content?.['application/json']).toMatchObject({ example: book });
  expect(components.schemas['library.v1.Book']?.properties['title']).toEqual({ type: 'string', examples: ['Momo'] });
});

test('files, streams of requests and tags are described', async () => {
  const channel = libraryChannel({}, []);
  const { paths } = await documentOf({ channels: { [ARCHIVE]: channel }, etag: true });
  expect(Object.keys(paths['/v1/archive/{path}']?.['put']?.requestBody?.content ?? {})).toEqual(['*/*']);
  expect(Object.keys(paths['/v1/archive/{path}']?.['get']?.responses['200']?.content ?? {})).toEqual(['*/*']);
  expect(paths['/v1/archive/{path}']?.['get']?.responses).toHaveProperty('304');
  expect(paths['/v1/archive/{path}:download']?.['get']?.responses).not.toHaveProperty('304');
  const lines = paths['/v1/collections/{collection}/entries:import']?.['post']?.requestBody?.content;
  expect(Object.keys(lines ?? {})).toEqual(['application/x-ndjson']);
  expect(paths).not.toHaveProperty('/v1/tunnel');
});

test('every reference leads somewhere', async () => {
  const document = await documentOf();
  const references = JSON.stringify(document).match(/"#\/[^"]+"/g) ?? [];
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    const target = (JSON.parse(reference) as string)
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
    expect(target, reference).toBeDefined();
  }
});

test('security and what hooks do are said by whoever mounts the plugin', async () => {
  const { paths, components } = await documentOf({
    openapi: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      security: ({ name }: { name: string }) => (name === 'GetBook' ? [] : ['bearer']),
    },
    hooks: {
      [`${LIBRARY}/LendBook`]: {
        fieldsFromHeaders: ['ticket'],
        document: {
          parameters: [{ name: 'Ticket', in: 'header', schema: { type: 'string' } }],
          responses: { 201: 'Lent.' },
        },
      },
    },
  });
  expect(components.securitySchemes).toEqual({ bearer: { type: 'http', scheme: 'bearer' } });
  expect(paths['/v1/shelves/{shelvesId}/books/{booksId}']?.['get']?.security).toEqual([]);
  const lend = paths['/v1/books/{name}:lend']?.['post'];
  expect(lend?.security).toEqual([{ bearer: [] }]);
  expect(lend?.parameters.map(({ name }) => name)).toEqual(['name', 'Ticket']);
  expect(Object.keys(lend?.responses ?? {})).toEqual([
    ...['201', '400', '401', '413', '415', '500', '503', '504', '4XX', '5XX'],
  ]);
  expect(
    Object.keys((lend?.requestBody?.content['application/json']?.schema as { properties: object }).properties),
  ).toEqual(['reader']);
});

test('it can be left out', async () => {
  const { app } = await serveLibrary({}, { openapi: false });
  expect((await app.inject('/openapi.json')).statusCode).toBe(404);
});
