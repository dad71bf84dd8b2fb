/** The user asked for something that cannot be: the message is one clear line for the terminal, the exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
