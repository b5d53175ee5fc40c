import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { serveArchive, serveLibrary } from './spec/library.ts';

/**
 * The documented rules, one a row: of google/api/http.proto and google/api/httpbody.proto (their comments, quoted), and of proto3 JSON. A row
 * says what a request becomes: the method called with what message, or the fields at fault.
 */
interface Row {
  readonly rule: string;
  readonly ask: InjectOptions | string;
  /** The method, and its messages in the names and values of proto. */
  readonly calls?: readonly (readonly [method: string, message: object])[];
  readonly refused?: readonly string[];
  readonly status?: number;
}

type Verb = NonNullable<InjectOptions['method']>;

const json = (method: Verb, url: string, payload: unknown): InjectOptions => ({
  method,
  url,
  payload: JSON.stringify(payload),
  headers: { 'content-type': 'application/json' },
});
const raw = (method: Verb, url: string, payload: string | Buffer, type?: string): InjectOptions => ({
  method,
  url,
  payload,
  ...(type === undefined ? {} : { headers: { 'content-type': type } }),
});
const verb = (method: Verb, url: string): InjectOptions => ({ method, url });
const base64 = (text: string) => Buffer.from(text).toString('base64');

const HTTP_RULES: Row[] = [
  {
    rule: 'any fields which are not bound by the path template automatically become HTTP query parameters if there is no HTTP request body',
    ask: '/v1/shelves/s1/books?pageSize=2&filter.genre=x',
    calls: [['ListBooks', { shelf: 's1', page_size: 2, filter: { genre: 'x' } }]],
  },
  {
    rule: 'in the case of a repeated type, the parameter can be repeated in the URL as ...?param=A&param=B',
    ask: '/v1/shelves/s/books?filter.years=1999&filter.years=2001',
    calls: [['ListBooks', { shelf: 's', filter: { years: [1999, 2001] } }]],
  },
  {
    rule: 'in the case of a message type, each field of the message is mapped to a separate parameter',
    ask: '/v1/shelves/s/books?filter.author.fullName=A&filter.series=S',
    calls: [['ListBooks', { shelf: 's', filter: { author: { full_name: 'A' }, series: 'S' } }]],
  },
  {
    rule: 'repeated message fields must not be mapped to URL query parameters',
    ask: '/v1/echo?list.sku=a',
    refused: ['list.sku'],
  },
  {
    rule: 'the special name `*` ... every field not bound by the path template should be mapped to the request body',
    ask: json('POST', '/v1/books/7:lend', { reader: 'ann' }),
    calls: [['LendBook', { name: '7', reader: 'ann' }]],
  },
  {
    rule: 'when using `*` in the body mapping, it is not possible to have HTTP parameters',
    ask: json('POST', '/v1/books/7:lend?reader=ann', {}),
    refused: ['reader'],
  },
  {
    rule: 'body: the name of the request field whose value is mapped to the HTTP request body; all other fields are passed via the URL query parameters',
    ask: json('POST', '/v1/shelves/s/books?validate_only=true', { title: 'T' }),
    calls: [['CreateBook', { shelf: 's', book: { title: 'T' }, validate_only: true }]],
  },
  {
    rule: 'if body is omitted, there is no HTTP request body',
    ask: json('DELETE', '/v1/books/7', { name: '8' }),
    refused: ['body'],
  },
  {
    rule: 'if an API needs to use a JSON array for request body, it can map the request body to a repeated field',
    ask: json('PUT', '/v1/tags', ['a', 'b']),
    calls: [['Retag', { tags: ['a', 'b'] }]],
  },
  {
    rule: 'it is possible to define multiple HTTP methods for one RPC by using the `additional_bindings` option',
    ask: '/v1/books/7',
    calls: [['GetBook', { name: '7' }]],
  },
  {
    rule: 'the syntax `*` matches a single URL path segment',
    ask: '/v1/shelves/1/2/books/3',
    status: 404,
  },
  {
    rule: 'the syntax `**` matches zero or more URL path segments, which must be the last part of the URL path except the `Verb`',
    ask: '/v1/archive/a/b/c:download',
    calls: [['DownloadFile', { path: 'a/b/c' }]],
  },
  {
    rule: '`**` matches zero segments',
    ask: '/v1/archive',
    calls: [['GetFile', { path: '' }]],
  },
  {
    rule: 'if a variable contains exactly one path segment ... the server side does the reverse decoding',
    ask: '/v1/books/a%2Fb%3Ac%25',
    calls: [['GetBook', { name: 'a/b:c%' }]],
  },
  {
    rule: 'if a variable contains multiple path segments ... the server side does the reverse decoding, except "%2F" and "%2f" are left unchanged',
    ask: '/v1/archive/a%2Fb/c%2fd%20e',
    calls: [['GetFile', { path: 'a%2Fb/c%2fd e' }]],
  },
  {
    rule: 'all path variables must not capture the leading "/" character',
    ask: '/v1/archive/x',
    calls: [['GetFile', { path: 'x' }]],
  },
  {
    rule: 'the path template may refer to fields of nested messages',
    ask: json('PUT', '/v1/entries/e1', { displayName: 'N' }),
    calls: [['UpdateEntry', { entry: { id: 'e1', display_name: 'N' } }]],
  },
  {
    rule: 'the custom pattern: "*" to leave the HTTP method unspecified for this rule',
    ask: verb('REPORT', '/v1/visits/home?note=n'),
    calls: [['Visit', { page: 'home', note: 'n' }]],
  },
  { rule: 'the same with GET', ask: '/v1/visits/home', calls: [['Visit', { page: 'home' }]] },
  { rule: 'the same with DELETE', ask: verb('DELETE', '/v1/visits/home'), calls: [['Visit', { page: 'home' }]] },
  {
    rule: 'a stream of requests without a body has no form in HTTP, and stays with gRPC',
    ask: '/v1/tunnel',
    status: 404,
  },
];

const CONTENT_RULES: Row[] = [
  {
    rule: 'HttpBody as a top-level request: any bytes and their type',
    ask: raw('POST', '/v1/convert', Buffer.from([0xff, 0, 1]), 'image/png'),
    calls: [['Convert', { content_type: 'image/png', data: Buffer.from([0xff, 0, 1]).toString('base64') }]],
  },
  {
    rule: 'HttpBody as a top-level request field: use of this type only changes how the body is handled, all other features continue to work',
    ask: raw('PUT', '/v1/archive/a/b.txt?overwrite=true', 'not JSON', 'text/plain; charset=latin1'),
    calls: [
      [
        'PutFile',
        {
          path: 'a/b.txt',
          file: { content_type: 'text/plain; charset=latin1', data: base64('not JSON') },
          overwrite: true,
        },
      ],
    ],
  },
  {
    rule: 'JSON is a file like others',
    ask: json('PUT', '/v1/archive/a.json', { a: 1 }),
    calls: [['PutFile', { path: 'a.json', file: { content_type: 'application/json', data: base64('{"a":1}') } }]],
  },
  {
    rule: 'no body is an empty file',
    ask: verb('PUT', '/v1/archive/a'),
    calls: [['PutFile', { path: 'a', file: {} }]],
  },
];

const MASK_RULES: Row[] = [
  {
    rule: 'PATCH without a mask: the mask is what the body names, as deep as its messages',
    ask: json('PATCH', '/v1/entries/e', { displayName: 'N', origin: { countryCode: 'DE' }, tags: ['x'] }),
    calls: [
      [
        'UpdateEntry',
        {
          entry: { id: 'e', display_name: 'N', origin: { country_code: 'DE' }, tags: ['x'] },
          update_mask: { paths: ['display_name', 'origin.country_code', 'tags'] },
        },
      ],
    ],
  },
  {
    rule: 'null and empty messages are named too: they clear the field',
    ask: json('PATCH', '/v1/entries/e', {
      displayName: null,
      origin: {},
      labels: { a: 'b' },
      extra: { deep: { x: 1 } },
    }),
    calls: [
      [
        'UpdateEntry',
        {
          entry: {
            id: 'e',
            origin: {},
            labels: { a: 'b' },
            extra: { fields: { deep: { structValue: { fields: { x: { numberValue: 1 } } } } } },
          },
          update_mask: { paths: ['display_name', 'origin', 'labels', 'extra'] },
        },
      ],
    ],
  },
  {
    rule: 'what the path says is not changed',
    ask: json('PATCH', '/v1/entries/e', { id: 'e', display_name: 'N' }),
    calls: [['UpdateEntry', { entry: { id: 'e', display_name: 'N' }, update_mask: { paths: ['display_name'] } }]],
  },
  {
    rule: 'a mask that is sent holds, in the names of JSON',
    ask: json('PATCH', '/v1/entries/e?updateMask=tags,origin.countryCode', { displayName: 'N' }),
    calls: [
      [
        'UpdateEntry',
        { entry: { id: 'e', display_name: 'N' }, update_mask: { paths: ['tags', 'origin.country_code'] } },
      ],
    ],
  },
  {
    rule: '`*` is the whole resource (AIP-134)',
    ask: json('PATCH', '/v1/entries/e?updateMask=*', {}),
    calls: [['UpdateEntry', { entry: { id: 'e' }, update_mask: { paths: ['*'] } }]],
  },
  {
    rule: 'entries of a map and parts of a well-known type may be named',
    ask: json('PATCH', '/v1/entries/e?updateMask=labels.a,extra.deep.x', {}),
    calls: [['UpdateEntry', { entry: { id: 'e' }, update_mask: { paths: ['labels.a', 'extra.deep.x'] } }]],
  },
  {
    rule: 'a path that leads nowhere is refused',
    ask: json('PATCH', '/v1/entries/e?updateMask=origin.city', {}),
    refused: ['updateMask'],
  },
  {
    rule: 'a list has no parts',
    ask: json('PATCH', '/v1/entries/e?updateMask=tags.x', {}),
    refused: ['updateMask'],
  },
  {
    rule: 'PUT has no mask',
    ask: json('PUT', '/v1/entries/e', { displayName: 'N' }),
    calls: [['UpdateEntry', { entry: { id: 'e', display_name: 'N' } }]],
  },
];

const lines = (url: string, payload: string, type = 'application/x-ndjson') => raw('POST', url, payload, type);
const IMPORT = '/v1/collections/c/entries:import';

const STREAM_RULES: Row[] = [
  {
    rule: 'a stream of requests is newline-delimited JSON: each line is a body, path and query are in each message',
    ask: lines(`${IMPORT}?dryRun=true`, '{"id":"1"}\n{"id":"2"}\n'),
    calls: [
      ['ImportEntries', { collection: 'c', entry: { id: '1' }, dry_run: true }],
      ['ImportEntries', { collection: 'c', entry: { id: '2' }, dry_run: true }],
    ],
  },
  {
    rule: 'the last line needs no end, blank ones are none, and CRLF ends lines too',
    ask: lines(IMPORT, '\n{"id":"1"}\r\n \t\n\r\n{"id":"2"}', 'application/json'),
    calls: [
      ['ImportEntries', { collection: 'c', entry: { id: '1' } }],
      ['ImportEntries', { collection: 'c', entry: { id: '2' } }],
    ],
  },
  {
    rule: 'no line is no message',
    ask: lines(IMPORT, ''),
    calls: [],
  },
  {
    rule: 'what is wrong is told with the place of its line',
    ask: lines(IMPORT, '{"id":"1"}\n{"id":2,"nope":3}\n'),
    calls: [['ImportEntries', { collection: 'c', entry: { id: '1' } }]],
    refused: ['[1].entry.id', '[1].entry.nope'],
  },
  { rule: 'a line that is not JSON', ask: lines(IMPORT, '{"id":\n'), refused: ['[0]'] },
  { rule: 'a name that is given twice', ask: lines(IMPORT, '{"id":"1","id":"1"}\n'), refused: ['[0].id'] },
  { rule: 'another media type', ask: lines(IMPORT, '{}', 'text/csv'), status: 415 },
  {
    rule: 'a stream of HttpBody is the bytes as they arrive',
    ask: raw('POST', '/v1/archive/a:upload?overwrite=true', 'abc', 'text/plain'),
    calls: [['UploadFile', { path: 'a', file: { content_type: 'text/plain', data: base64('abc') }, overwrite: true }]],
  },
];

const JSON_RULES: Row[] = [
  {
    rule: 'parsers accept both the lowerCamelCase name and the original proto field name',
    ask: json('POST', '/v1/echo', { int32Value: 1, snake_2case__name: 'x' }),
    calls: [['Echo', { int32_value: 1, snake_2case__name: 'x' }]],
  },
  {
    rule: 'one field by both of its names is given twice',
    ask: json('POST', '/v1/echo', { int32Value: 1, int32_value: 1 }),
    refused: ['int32_value'],
  },
  {
    rule: 'one name twice',
    ask: raw('POST', '/v1/echo', '{"list":[{"sku":"a"},{"sku":"a","sku":"b"}]}', 'application/json'),
    refused: ['list[1].sku'],
  },
  {
    rule: 'one key of a map twice',
    ask: raw('POST', '/v1/echo', '{"counts":{"a":1,"a":1}}', 'application/json'),
    refused: ['counts.a'],
  },
];

test.each([...HTTP_RULES, ...CONTENT_RULES, ...MASK_RULES, ...STREAM_RULES, ...JSON_RULES])(
  '$rule',
  async ({ ask, calls = [], refused, status }) => {
    const servers = [await serveLibrary({ WatchBook: none }), await serveArchive({ DownloadFile: none })];
    const answers = await Promise.all(servers.map(({ app }) => app.inject(ask)));
    // Each path belongs to one of the two contracts.
    const which = answers.findIndex(({ statusCode }) => statusCode !== 404);
    const answer = answers[which] ?? answers[0]!;
    const made = servers.flatMap((server) => server.calls).map(({ method, request }) => [method, request]);
    expect(made).toEqual(calls);
    if (refused === undefined) expect(answer.statusCode).toBe(status ?? 200);
    else {
      const problem = answer.json<{ status: number; violations: { field: string }[] }>();
      expect(problem.status).toBe(400);
      expect(problem.violations.map(({ field }) => field)).toEqual(refused);
    }
  },
);

async function* none() {
  // A stream that ends at once.
}
