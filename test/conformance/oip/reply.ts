import { type ServiceError, status } from '@grpc/grpc-js';
import { Failure } from './check.js';

/** What came of a call: its message, or the status that it ended with. */
export type Reply<T> =
  | { readonly ok: true; readonly message: T }
  /** `hung`: the suite gave up, the server said nothing. */
  | { readonly ok: false; readonly code: number; readonly text: string; readonly hung: boolean };

/** The deadlines here are the suite's patience alone, so one that passes is a server that hangs. */
export function failedReply({ code, details }: Pick<ServiceError, 'code' | 'details'>): Extract<Reply<never>, { ok: false }> {
  return { ok: false, code, text: details, hung: code === status.DEADLINE_EXCEEDED };
}

export type CodeName = keyof typeof status;

/** The number of a status code. */
export function codeOf(name: CodeName): number {
  return status[name];
}

export function codeName(code: number): string {
  return status[code] ?? `status ${code}`;
}

export function describeReply(reply: Reply<unknown>): string {
  if (reply.ok) return 'OK';
  return reply.hung ? 'no answer in time' : `${codeName(reply.code)}: ${reply.text.slice(0, 200)}`;
}

/** The message of a call that must succeed. */
export function granted<T>(reply: Reply<T>, what: string): T {
  if (reply.ok) return reply.message;
  throw new Failure(`OK for ${what}`, describeReply(reply));
}

/** Codes that a broken connection, a crash or the suite's own patience end a call with: none of them is the server's refusal. */
const NO_REFUSALS: readonly number[] = (['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED'] as const).map(codeOf);

/** A call that must be refused: by the server, on a connection that it keeps. */
export function refused(reply: Reply<unknown>, what: string): { readonly code: number; readonly text: string } {
  if (!reply.ok && !reply.hung && !NO_REFUSALS.includes(reply.code)) return reply;
  throw new Failure(`an error status for ${what}`, describeReply(reply));
}

/** A call that must be refused with one of the codes. */
export function refusedWith(codes: readonly CodeName[], reply: Reply<unknown>, what: string): void {
  const expected = `${codes.join(' or ')} for ${what}`;
  if (reply.ok || reply.hung || !codes.some((name) => codeOf(name) === reply.code)) throw new Failure(expected, describeReply(reply));
}
