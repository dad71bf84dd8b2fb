/** Exit codes: a promise to scripts and orchestrators. */
export const EXIT = {
  ok: 0,
  /** Port in use, I/O, a drain cut short, a refusal by the server, a model that does not load. */
  failure: 1,
  /** Unknown flag, bad value, missing repository. */
  usage: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
