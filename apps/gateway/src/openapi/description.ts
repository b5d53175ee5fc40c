import type { OpenApiOptions } from '@stampede/rest';
import { PUBLIC_METHODS } from '../auth/public-methods.ts';
import { documentedErrors } from './errors.ts';
import { EXAMPLES } from './examples.ts';

/** What the API's description says that no contract does. */
export function apiDescription(version: string): OpenApiOptions {
  return {
    title: 'Stampede',
    version,
    description: 'The e-commerce backend that keeps its word when everyone arrives at once.',
    license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'The `accessToken` that `POST /v1/sessions` answers.',
      },
    },
    security: ({ fullName }) => (PUBLIC_METHODS.has(fullName) ? [] : ['bearer']),
    errors: documentedErrors,
    examples: EXAMPLES,
  };
}
