import { AppError } from '@stampede/errors';

/** The answer to a question, where an error may be one too: whoever asks must say which errors are verdicts, and throw all others. */
export async function asked<T>(answer: Promise<T>): Promise<T | AppError> {
  try {
    return await answer;
  } catch (error) {
    return AppError.from(error);
  }
}

/** An answer that the contract does not let us take for a verdict: it is asked again. */
export function unforeseen(method: string, answer: number | string | undefined): AppError {
  return new AppError('INTERNAL', 'UNFORESEEN_ANSWER', `${method} answered ${answer ?? 'nothing'}`);
}
