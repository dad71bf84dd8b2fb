/** A request that cannot be sent, because it cannot be read: the message says what is wrong and where. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}
