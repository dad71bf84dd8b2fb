import type { LogChange, LogFormat, LogValues } from '../model/log-settings.js';
import type { Logger } from '../telemetry/logger.js';

/** Which log lines are written, as callers may change it while the server runs. It begins with what `--log-level` says. */
export class LogSettings {
  readonly #logger: Logger;
  #verboseLevel: number;
  #format: LogFormat = 'default';

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#verboseLevel = logger.switches.debug ? 1 : 0;
  }

  read(): LogValues {
    const { info, warn, error } = this.#logger.switches;
    return { info, warning: warn, error, verboseLevel: this.#verboseLevel, format: this.#format };
  }

  /** Each change is itself an info line, the last one where it switches those off. */
  change(change: LogChange): void {
    const values = { ...this.read(), ...change };
    const { info } = this.#logger.switches;
    if (info) this.#logger.info('log_settings', { settings: values });
    this.#apply(values);
    if (!info) this.#logger.info('log_settings', { settings: values });
  }

  #apply({ info, warning, error, verboseLevel, format }: LogValues): void {
    this.#verboseLevel = verboseLevel;
    this.#format = format;
    this.#logger.switches = { debug: verboseLevel > 0, info, warn: warning, error };
  }
}
