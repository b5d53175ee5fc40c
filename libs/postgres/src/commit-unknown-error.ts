import { AppError } from '@stampede/errors';

/**
 * Thrown when the connection was lost while COMMIT was under way: the transaction may have happened or not. Never guess: read what it
 * would have written, or ask again with the same key. To a remote caller it is UNAVAILABLE, reason COMMIT_UNKNOWN.
 */
export class CommitUnknownError extends AppError<'COMMIT_UNKNOWN'> {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'COMMIT_UNKNOWN', 'the database was lost during the commit: its outcome is unknown', {
      cause,
    });
  }
}
