import { AppError, type FieldViolation } from './app-error.ts';

/** The answer to a request that breaks a rule of its contract: INVALID_ARGUMENT, reason INVALID_ARGUMENT, every field named. */
export function invalid(...violations: [FieldViolation, ...FieldViolation[]]): AppError<'INVALID_ARGUMENT'> {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new AppError('INVALID_ARGUMENT', 'INVALID_ARGUMENT', message, { violations });
}
