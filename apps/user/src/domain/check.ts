import { invalid, type FieldViolation } from '@stampede/errors';

/**
 * Throws INVALID_ARGUMENT naming every field that breaks its rule.
 *
 * @example check({ email: emailRule(email), password: newPasswordRule(password) });
 */
export function check(rules: Readonly<Record<string, string | undefined>>): void {
  const violations: FieldViolation[] = [];
  for (const [field, description] of Object.entries(rules)) {
    if (description !== undefined) violations.push({ field, description });
  }
  const [first, ...rest] = violations;
  if (first !== undefined) throw invalid(first, ...rest);
}
