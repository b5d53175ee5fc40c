import type { Code } from './code.ts';

/** One field of a request that broke a rule: `field` is its path in proto names (`items[0].quantity`). */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface AppErrorOptions {
  /** Facts of this one failure that a client may act on; strings, since they travel as google.rpc.ErrorInfo.metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The fields to blame, sent as google.rpc.BadRequest. */
  readonly violations?: readonly FieldViolation[];
  /** What went wrong underneath; logged, never sent. */
  readonly cause?: unknown;
}

/**
 * The one error that crosses a boundary: a canonical `code`, a `reason` in UPPER_SNAKE_CASE that a client can
 * switch on, and a message for people. Anything else that is thrown stays opaque outside and whole in the log.
 *
 * @example throw new AppError('FAILED_PRECONDITION', 'OUT_OF_STOCK', 'SKU tee-black has 0 left', { metadata: { sku: 'tee-black' } });
 */
export class AppError<Reason extends string = string> extends Error {
  override readonly name = 'AppError';
  readonly code: Code;
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];

  constructor(code: Code, reason: Reason, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.metadata = options.metadata ?? {};
    this.violations = options.violations ?? [];
  }

  /** `thrown` itself if it is an AppError, else an INTERNAL one with reason INTERNAL that says nothing of it and keeps it as its cause. */
  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown as AppError;
    return new AppError('INTERNAL', 'INTERNAL', 'internal error', { cause: thrown });
  }
}
