import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { AppError } from '@stampede/errors';
import { sendProblem } from '@stampede/rest';

/** Nothing but our own files, and the API itself for those who try it out. Pictures are in the style sheet. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Stampede API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  // Asks no server of others what it thinks of the document.
  validatorUrl: null,
});
`;

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** The viewer's own files, each read when it is first asked for. Named in full, so that a bundle knows what to carry. */
const FILES = [
  {
    name: 'swagger-ui.css',
    type: 'text/css; charset=utf-8',
    file: new URL('../../../../node_modules/swagger-ui-dist/swagger-ui.css', import.meta.url),
  },
  {
    name: 'swagger-ui-bundle.js',
    type: SCRIPT,
    file: new URL('../../../../node_modules/swagger-ui-dist/swagger-ui-bundle.js', import.meta.url),
  },
];

const SETTINGS = { reasonStatus: new Map<string, number>() };

/** `/docs`: the API's description for people, by Swagger UI from its npm package; nothing comes from anywhere else. */
export function addDocsRoutes(app: FastifyInstance): void {
  const read = new Map<string, Promise<Buffer>>();

  const serve = (path: string, type: string, body: () => Promise<Buffer> | string) =>
    app.get(path, async (_, reply) => {
      void reply.headers({
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      });
      try {
        return await reply.type(type).send(Buffer.from(await body()));
      } catch (error) {
        const missing = new AppError('NOT_FOUND', 'NO_VIEWER', 'this installation has no viewer of the description', {
          cause: error,
        });
        return sendProblem(reply, missing, { path, requestId: randomUUID() }, SETTINGS);
      }
    });

  serve('/docs', HTML, () => PAGE);
  serve('/docs/start.js', SCRIPT, () => START);
  for (const { name, type, file } of FILES) {
    serve(`/docs/${name}`, type, () => {
      const content = read.get(name) ?? readFile(file);
      read.set(name, content);
      return content;
    });
  }
}
