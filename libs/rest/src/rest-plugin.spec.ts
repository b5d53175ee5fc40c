import { expect, test } from 'vitest';
import { serveLibrary } from './spec/library.ts';

test.each([
  ['GET', '/v1/shelves/1/books/2', undefined, 'GetBook', { name: 'shelves/1/books/2' }],
  ['GET', '/v1/shelves/a%2Fb/books/%C3%A9', undefined, 'GetBook', { name: 'shelves/a%2Fb/books/é' }],
  ['GET', '/v1/books/a%2Fb%20c', undefined, 'GetBook', { name: 'a/b c' }],
  ['SEARCH', '/v1/books/x', undefined, 'GetBook', { name: 'x' }],
  ['GET', '/v1/files/a/b%2Fc/d', undefined, 'ReadFile', { path: 'a/b%2Fc/d' }],
  ['GET', '/v1/files/a/b:raw', undefined, 'ReadFile', { path: 'a/b' }],
  ['GET', '/v1/files', undefined, 'ReadFile', { path: '' }],
  ['POST', '/v1/books/7:lend', { reader: 'ann' }, 'LendBook', { name: '7', reader: 'ann' }],
  ['POST', '/v1/books/7%3Aa:lend', {}, 'LendBook', { name: '7:a' }],
  [
    'POST',
    '/v1/shelves/s/books?validateOnly=true',
    { title: 'T', author: { fullName: 'A' } },
    'CreateBook',
    { shelf: 's', book: { title: 'T', author: { full_name: 'A' } }, validate_only: true },
  ],
  [
    'PATCH',
    '/v1/shelves/1/books/2?updateMask=title,author.fullName',
    { title: 'N' },
    'UpdateBook',
    { book: { name: 'shelves/1/books/2', title: 'N' }, update_mask: { paths: ['title', 'author.full_name'] } },
  ],
  ['PUT', '/v1/tags', ['a', 'b'], 'Retag', { tags: ['a', 'b'] }],
  [
    'PUT',
    '/v1/echo/-5/PINK/true?text=x',
    [{ sku: 's' }],
    'Echo',
    { int64_value: '-5', color: 2, truth: true, text: 'x', list: [{ sku: 's' }] },
  ],
  [
    'GET',
    '/v1/shelves/s/books?pageSize=3&colors=RED&colors=2&filter.author.full_name=Ann+B&filter.years=1&filter.years=2&since=2026-01-02T03:04:05Z&cursor=_-8',
    undefined,
    'ListBooks',
    {
      shelf: 's',
      page_size: 3,
      colors: [1, 2],
      filter: { author: { full_name: 'Ann B' }, years: [1, 2] },
      since: { seconds: '1767323045', nanos: 0 },
      cursor: '/+8=',
    },
  ],
] as const)('%s %s reaches its method', async (method, url, body, name, request) => {
  const { app, calls } = await serveLibrary();
  const response = await app.inject({
    method: method as 'GET',
    url,
    ...(body === undefined ? {} : { payload: body as object }),
  });
  expect(response.body).not.toContain('"reason"');
  expect(response.statusCode).toBe(200);
  expect(calls.map((call) => [call.method, call.request])).toEqual([[name, request]]);
});
