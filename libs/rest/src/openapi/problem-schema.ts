import { CODES } from '@stampede/errors';
import type { Schema } from './schema.ts';

/** The schema of problems, with the reasons that the contracts enumerate as examples: others are possible. */
export function problemSchema(reasons: readonly string[]): Schema {
  return {
    type: 'object',
    description: 'What went wrong (RFC 9457).',
    required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'reason', 'requestId', 'violations'],
    properties: {
      type: { type: 'string', format: 'uri-reference' },
      title: { type: 'string' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'For people.' },
      instance: { type: 'string', description: 'The path that was asked for.' },
      code: { type: 'string', enum: Object.keys(CODES).filter((code) => code !== 'OK') },
      reason: {
        type: 'string',
        description: 'For programs.',
        ...(reasons.length > 0 ? { examples: [...new Set(reasons)].sort() } : {}),
      },
      requestId: { type: 'string' },
      metadata: { type: 'object', additionalProperties: { type: 'string' } },
      violations: {
        type: 'array',
        description: 'The fields at fault.',
        items: {
          type: 'object',
          required: ['field', 'description'],
          properties: { field: { type: 'string' }, description: { type: 'string' } },
        },
      },
    },
  };
}
