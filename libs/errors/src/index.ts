export { AppError, type AppErrorOptions, type FieldViolation } from './app-error.ts';
export { CODES, codeOf, type Code } from './code.ts';
export { invalid } from './invalid.ts';
