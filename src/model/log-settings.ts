/** Triton's names for how a line says its time. Lines of this server say it in ISO 8601, whichever is set. */
export type LogFormat = 'default' | 'ISO8601';

/** The log settings in force. */
export interface LogValues {
  readonly info: boolean;
  readonly warning: boolean;
  readonly error: boolean;
  /** Above 0: debug lines are written. */
  readonly verboseLevel: number;
  readonly format: LogFormat;
}

/** What to change; what is absent stays. */
export type LogChange = Partial<LogValues>;
