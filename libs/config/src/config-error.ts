import { AppError, type FieldViolation } from '@stampede/errors';

/** Why a service cannot start with the configuration it was given: values that are wrong or missing, or a schema with two names for one variable. */
export type ConfigReason = 'CONFIG_INVALID' | 'CONFIG_AMBIGUOUS';

/** `violations` name the variables (or, for what is missing, the places) at fault; values are never shown, they may be secret. */
export function configError(reason: ConfigReason, violations: readonly FieldViolation[]): AppError<ConfigReason> {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new AppError('FAILED_PRECONDITION', reason, message, { violations });
}
