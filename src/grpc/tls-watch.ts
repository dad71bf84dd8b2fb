import type { Clock } from '../model/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { TlsOptions, TlsRenewal } from './server-options.js';
import { isSameTls, readTlsFiles, type TlsFromFiles } from './tls-files.js';
import { assertTlsPem } from './tls-pem.js';

/**
 * The files are read again so often, rather than watched: Kubernetes replaces a mounted secret by turning a symlink above the files, of which fs.watch on a
 * file says nothing, and on network file systems it says nothing at all. A new certificate is commonly there days before the old one expires.
 */
const INTERVAL_MS = 10_000;

export interface TlsWatchDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs?: number | undefined;
}

/** Looks into the files that `tls` was read from, for as long as a server listens with it. */
export function renewFromFiles(tls: TlsFromFiles, deps: TlsWatchDeps): TlsRenewal {
  return (use) => {
    const watch = new TlsWatch(tls, deps, use);
    return () => watch.stop();
  };
}

/** Hands on what is new in the files where a server can use it; says once of each thing that is wrong with them. */
class TlsWatch {
  readonly #deps: TlsWatchDeps;
  readonly #use: (tls: TlsOptions) => void;
  #current: TlsFromFiles;
  /** What was said last, until the files are in order again. */
  #failure: string | undefined;
  /** Undefined once stopped. */
  #cancel: (() => void) | undefined;

  constructor(current: TlsFromFiles, deps: TlsWatchDeps, use: (tls: TlsOptions) => void) {
    this.#current = current;
    this.#deps = deps;
    this.#use = use;
    this.#wait();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    const { clock, intervalMs = INTERVAL_MS } = this.#deps;
    this.#cancel = clock.after(intervalMs, () => void this.#look());
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    try {
      this.#take(await readTlsFiles(this.#current.files));
    } catch (error) {
      this.#report(error);
    }
    if (this.#cancel !== undefined) this.#wait();
  }

  #take(found: TlsFromFiles): void {
    if (this.#cancel === undefined) return;
    if (!isSameTls(found, this.#current)) {
      const { serialNumber, validTo } = assertTlsPem(found);
      this.#use(found);
      this.#current = found;
      this.#deps.logger.info('tls_reloaded', { serialNumber, validTo });
    }
    this.#failure = undefined;
  }

  /** The files may be half replaced: what is served stays, and the next look may find them whole. */
  #report(error: unknown): void {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    if (this.#cancel === undefined || message === this.#failure) return;
    this.#failure = message;
    this.#deps.logger.warn('tls_reload_failed', { reason: message, error: cause });
  }
}
