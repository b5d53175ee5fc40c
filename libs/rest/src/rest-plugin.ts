import { METHODS } from 'node:http';
import type { User } from '@stampede/rpc';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createForward } from './answer/forwarding.ts';
import type { Coding } from './answer/accept-encoding.ts';
import { createSendAnswer } from './answer/representation.ts';
import { loadContracts } from './contracts/load-contracts.ts';
import { methodsOf } from './contracts/method.ts';
import { reasonComments, reasonStatuses } from './contracts/reason-status.ts';
import { createCodecs } from './json/codecs.ts';
import { openApiDocument } from './openapi/document.ts';
import type { RestOptions } from './options.ts';
import { badHost, expectationFailed, methodNotAllowed, routeNotFound, uriTooLong } from './problem/http-error.ts';
import type { ProblemSettings } from './problem/problem.ts';
import { sendProblem } from './problem/send-problem.ts';
import { collectBody } from './request/collect-body.ts';
import { readBody, readContent } from './request/read-body.ts';
import { beginCall, problemContext, type RestCall } from './rest-call.ts';
import { compileRoutes, type Route } from './route.ts';
import { createRouter } from './routing/router.ts';
import type { Exchange, Serving } from './serving.ts';
import { answerClientStream } from './stream/answer-client-stream.ts';
import { answerStream } from './stream/answer-stream.ts';
import { addTicketRoute, targetOf } from './ticket/mint-ticket.ts';
import { createTickets, type Tickets } from './ticket/tickets.ts';
import { answerUnary } from './unary.ts';

const MIB = 1024 * 1024;

/**
 * A Fastify plugin that serves gRPC methods as REST: routes from the `google.api.http` options of `.proto` files, proto3 JSON, problem+json,
 * server-sent events, OpenAPI. It answers everything under its prefix, unknown paths too.
 *
 * @example
 * const app = Fastify({ ...restServerOptions });
 * await app.register(restPlugin, { protoRoot: 'proto', files: ['shop/v1/order.proto'], channels: { 'shop.v1.OrderService': channel } });
 */
export function restPlugin(fastify: FastifyInstance, options: RestOptions, done: (error?: Error) => void): void {
  try {
    mount(fastify, options);
    done();
  } catch (error) {
    done(error as Error);
  }
}

function mount(fastify: FastifyInstance, options: RestOptions): void {
  const root = loadContracts(options);
  const codecs = createCodecs(root, { printDefaults: options.printDefaults ?? true });
  const routes = compileRoutes(methodsOf(root), codecs, options);
  const router = createRouter<Route>();
  for (const route of routes) router.add(route.binding.verb, route.binding.template, route);
  const settings: ProblemSettings = {
    reasonStatus:
      options.reasonStatusOption === undefined ? new Map() : reasonStatuses(root, options.reasonStatusOption),
    ...(options.problemType === undefined ? {} : { problemType: options.problemType }),
    ...(options.challenge === undefined ? {} : { challenge: options.challenge }),
  };
  const urlLimit = options.urlLimit ?? 8192;
  const bodyLimit = options.bodyLimit ?? MIB;
  const { deadlineMs: deadline = 10_000 } = options;
  const closing = new AbortController();
  const send = createSendAnswer(options.etag ?? false, options.compression);
  const serving: Serving = {
    settings,
    deadlineMs: typeof deadline === 'number' ? () => deadline : deadline,
    streamLimitMs: options.streamLimitMs ?? 9 * 60_000,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    bodyLimit,
    closing: closing.signal,
    send,
    forward: createForward(options.forwardHeaders ?? {}),
  };

  const watched = options.observe !== undefined || options.admit !== undefined;
  const tickets = options.tickets === undefined ? undefined : createTickets(options.tickets);

  function begin(request: FastifyRequest, reply: FastifyReply): RestCall {
    const call = beginCall(request, reply, fastify.prefix);
    // One listener for all that is to be done: they are not free.
    if (watched) {
      reply.raw.on('close', () => {
        for (const run of call.leaving) run();
        observe(call, request, reply, options);
      });
    }
    return call;
  }

  /** Answers whoever comes without a call to make, and lets the others in once it is known who they are. */
  function admit(request: FastifyRequest, reply: FastifyReply, next: (error?: Error) => void): void {
    const call = begin(request, reply);
    const { method } = targetOfCall(call, request, reply) ?? {};
    if (method === undefined) return;
    options.admit?.(request, reply, method, (run) => call.leaving.push(run));
    const user =
      tickets !== undefined && method.responseStream && request.headers.authorization === undefined
        ? (redeem(tickets, call) ?? options.authenticate?.(request, method))
        : options.authenticate?.(request, method);
    // No promise where nothing is awaited: a cached token costs no turn of the event loop.
    if (!(user instanceof Promise)) return enter(user);
    user.then(enter, next);

    function enter(known: User | undefined): void {
      call.user = known;
      const { target } = call;
      if (target?.route.method.requestStream !== true) return next();
      // A stream of requests is read as it arrives: before Fastify would wait for the whole body.
      const exchange: Exchange = { ...target, call, request, reply };
      const answer = target.route.method.responseStream ? answerStream : answerClientStream;
      answer(exchange, serving).catch(next);
    }
  }

  /** What a request is for; undefined where it has been answered. */
  function targetOfCall(call: RestCall, request: FastifyRequest, reply: FastifyReply): Route | undefined {
    if (!hasOneHost(request)) throw badHost();
    if (request.headers.expect !== undefined && !CONTINUE.test(request.headers.expect)) throw expectationFailed();
    if ((request.raw.url ?? '').length > urlLimit) throw uriTooLong(urlLimit);
    const match = router.match(request.method, call.path);
    if (match.kind === 'unknown-path') throw routeNotFound(call.path);
    if (match.kind === 'wrong-method') {
      if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method, match.allowed);
      void reply.code(204).header('allow', match.allowed.join(', ')).send();
      return undefined;
    }
    call.target = match;
    return match.route;
  }

  // Node would answer an expectation it does not know by itself, and without a word.
  fastify.server.on('checkExpectation', (request, response) => {
    fastify.server.emit('request', request, response);
  });
  fastify.decorateRequest('rest', null);
  // Every method that Node parses, so that 405 is answered here and not by Fastify's 404.
  const withBody = new Set(
    routes.filter(({ binding }) => binding.body !== undefined).map(({ binding }) => binding.verb),
  );
  const anyWithBody = withBody.has('*');
  for (const verb of METHODS.filter((name) => name !== 'CONNECT' && !fastify.supportedMethods.includes(name))) {
    fastify.addHttpMethod(verb, { hasBody: anyWithBody || withBody.has(verb) });
  }
  fastify.removeAllContentTypeParsers();
  // JSON by its name as well: Fastify looks up parsers by their names in a cache, and what has none it parses the type of again.
  fastify.addContentTypeParser(['application/json', '*'], (request, payload, parsed) => {
    const { headers, raw, rest } = request;
    const route = rest?.target?.route;
    const read = route?.takesContent === true ? readContent : readBody;
    // A hook may have put another stream in its place, of another length.
    const length = payload === raw ? bodyLength(raw) : Number.NaN;
    const limit = route === undefined ? request.routeOptions.bodyLimit : bodyLimit;
    collectBody(payload, { length, limit }, (failure, body) => {
      if (body === undefined) return parsed(failure);
      try {
        parsed(null, read(headers, body));
      } catch (error) {
        parsed(error as Error);
      }
    });
  });
  fastify.setErrorHandler((error, request, reply) => {
    return sendProblem(reply, error, problemContext(request.rest ?? begin(request, reply)), settings);
  });
  fastify.addHook('onSend', (_, reply, payload, next) => {
    // Node closes connections that are idle when a server closes, and not those that become so a moment later.
    if (closing.signal.aborted) void reply.header('connection', 'close');
    next(null, payload);
  });
  fastify.addHook('preClose', (closed) => {
    closing.abort();
    closed();
  });

  if (options.openapi !== false) {
    const document = JSON.stringify(
      openApiDocument({
        routes,
        codecs,
        reasons: { statuses: settings.reasonStatus, comments: reasonComments(root, settings.reasonStatus) },
        prefix: fastify.prefix,
        options,
        tickets,
        openapi: options.openapi ?? {},
      }),
    );
    const packed = new Map<Coding, Promise<Buffer>>();
    fastify.get('/openapi.json', (request, reply) => {
      begin(request, reply);
      return send(request, reply, {
        status: 200,
        contentType: 'application/json; charset=utf-8',
        body: document,
        packed,
      });
    });
  }

  if (tickets !== undefined) addTicketRoute(fastify, { tickets, router, options, urlLimit, begin });

  fastify.route({
    method: [...fastify.supportedMethods],
    url: '/*',
    bodyLimit,
    onRequest(request, reply, next) {
      try {
        admit(request, reply, next);
      } catch (error) {
        next(error as Error);
      }
    },
    handler(request, reply) {
      const call = request.rest;
      if (call?.target === undefined) throw new Error('a request came past its admission');
      const { route, segments } = call.target;
      const exchange: Exchange = { route, segments, call, request, reply };
      return route.method.responseStream ? answerStream(exchange, serving) : answerUnary(exchange, serving);
    },
  });
}

/** Who asks for a stream by a ticket, which is then no parameter any more; undefined where there is none. */
function redeem(tickets: Tickets, call: RestCall): Promise<User> | undefined {
  const found = tickets.find(call.query);
  if (found === undefined) return undefined;
  call.query = found.query;
  return tickets.redeem(found.ticket, targetOf(call.path, found.query));
}

const CONTINUE = /^100-continue$/i;

/** Whoever stands in front may have gone by another Host than we would. @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
function hasOneHost({ raw }: FastifyRequest): boolean {
  const { rawHeaders, httpVersion } = raw;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersion !== '1.1');
}

/** Bytes of a request's body; NaN where only its end tells. @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
function bodyLength({ headers, httpVersionMajor }: FastifyRequest['raw']): number {
  const length = headers['content-length'];
  if (length !== undefined) return Number(length);
  return httpVersionMajor === 1 && headers['transfer-encoding'] === undefined ? 0 : Number.NaN;
}

function observe(call: RestCall, request: FastifyRequest, reply: FastifyReply, options: RestOptions): void {
  const route = call.target?.route;
  options.observe?.({
    httpMethod: request.method,
    route: route?.binding.template.source,
    method: route?.method,
    status: reply.statusCode,
    seconds: reply.elapsedTime / 1000,
    requestId: call.requestId,
    user: call.user,
  });
}
