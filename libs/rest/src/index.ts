export type { Coding } from './answer/accept-encoding.ts';
export type { ForwardedHeaders } from './answer/forwarding.ts';
export type { CompressionOptions } from './answer/representation.ts';
export type { RestMethod } from './contracts/method.ts';
export type { Message } from './json/message-codec.ts';
export type {
  AnswerChanges,
  CallChanges,
  DocumentedError,
  MethodHooks,
  OpenApiOptions,
  RestChannel,
  RestOptions,
  ServedRequest,
} from './options.ts';
export { HttpError, type HttpFailure } from './problem/http-error.ts';
export { problemOf, type Problem, type ProblemAnswer, type ProblemSettings } from './problem/problem.ts';
export { sendProblem, type ProblemContext } from './problem/send-problem.ts';
export { restServerOptions } from './problem/server-options.ts';
export { restPlugin } from './rest-plugin.ts';
export type { TicketOptions } from './ticket/tickets.ts';
