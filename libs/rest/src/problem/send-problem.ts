import { AppError } from '@stampede/errors';
import type { FastifyReply } from 'fastify';
import { problemOf, type ProblemAnswer, type ProblemSettings } from './problem.ts';

/** What is known of the request that failed. */
export interface ProblemContext {
  /** The path that was asked for. */
  readonly path: string;
  readonly requestId: string;
  /** A failure that tells its asker all there is to tell: not logged. */
  readonly expected?: boolean;
  /** More for the log: trace id, method. */
  readonly facts?: Readonly<Record<string, string | undefined>>;
}

/** The bugs and losses among the codes; the rest of the 5xx tells of load and outages. */
const BROKEN = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS']);

/** Answers `thrown` as a problem, and logs it where it is not the client's doing. */
export function sendProblem(
  reply: FastifyReply,
  thrown: unknown,
  context: ProblemContext,
  settings: ProblemSettings,
): FastifyReply {
  const answer = problemOf(thrown, context, settings);
  logProblem(reply.log, answer, context);
  // Bytes, since Fastify would add a charset to text, which the media type does not have.
  return reply
    .code(answer.problem.status)
    .headers(answer.headers)
    .header('x-request-id', context.requestId)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(answer.problem)));
}

export function logProblem(log: FastifyReply['log'], { unforeseen }: ProblemAnswer, context: ProblemContext): void {
  if (unforeseen === undefined || context.expected === true) return;
  const line = { err: unforeseen, requestId: context.requestId, ...context.facts };
  if (BROKEN.has(AppError.from(unforeseen).code)) log.error(line, 'request failed');
  else log.warn(line, 'request failed');
}
