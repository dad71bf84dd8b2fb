import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CallersQuestion {
  readonly address: string;
  readonly path: string;
  /** Of a request. */
  readonly bytes: number;
  readonly callers: number;
  readonly connections: number;
  readonly pauseMs: number;
  readonly seconds: number;
}

/** Milliseconds. */
export interface CallersAnswer {
  readonly answers: number;
  readonly failures: number;
  readonly p50: number;
  readonly p99: number;
  /** How late the callers themselves were: what is measured is no server's doing where this is as large. */
  readonly ownP99: number;
}

/** bench/stress-callers in a process of its own, so that what they measure is not what the attackers next to them do. Disposing ends it. */
export class HealthyCallers implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    const script = new URL('./stress-callers.js', import.meta.url).pathname;
    this.#child = spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async call(question: CallersQuestion): Promise<CallersAnswer> {
    this.#child.send(question);
    const [said] = (await once(this.#child, 'message')) as [CallersAnswer];
    return said;
  }

  [Symbol.dispose](): void {
    this.#child.disconnect();
  }
}
