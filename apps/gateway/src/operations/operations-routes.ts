import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { AppError } from '@stampede/errors';
import { sendProblem } from '@stampede/rest';
import type { Metrics } from '@stampede/telemetry';
import type { Readiness } from './readiness.ts';

export interface OperationsOptions {
  readonly readiness: Readiness;
  readonly stopping: () => boolean;
  readonly metrics: Metrics;
}

const SETTINGS = { reasonStatus: new Map<string, number>() };

/** The pages for operators and their probes. */
export function addOperationsRoutes(app: FastifyInstance, { readiness, stopping, metrics }: OperationsOptions): void {
  app.get('/healthz', (_, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));

  app.get('/readyz', async (_, reply) => {
    void reply.header('cache-control', 'no-store');
    const missing = stopping() ? [] : await readiness.missing();
    if (!stopping() && missing.length === 0) return reply.send({ status: 'ok' });
    const detail = stopping() ? 'this instance is stopping' : `no instance can be reached of: ${missing.join(', ')}`;
    const failure = new AppError(
      'UNAVAILABLE',
      'NOT_READY',
      detail,
      missing.length > 0 ? { metadata: { missing: missing.join(',') } } : {},
    );
    return sendProblem(reply, failure, { path: '/readyz', requestId: randomUUID(), expected: true }, SETTINGS);
  });

  app.get('/metrics', async (_, reply) => {
    const { contentType, body } = await metrics.render();
    return reply.header('content-type', contentType).send(body);
  });
}
