import { describe, expect, it } from '@jest/globals';
import { serve } from '../../../src/cli/serve.js';
import type { CloseResult, RunningServer, ServerDeps, StartServer } from '../../../src/cli/server-port.js';
import type { FlagValues } from '../../../src/config/load.js';
import type { ServeConfig } from '../../../src/config/options.js';
import { turns } from '../../support/event-loop.js';
import { FakeIo, type FakeIoOptions } from '../../support/fake-io.js';

class FakeServer implements RunningServer {
  readonly grpc = ['127.0.0.1:8001'];
  readonly admin = '127.0.0.1:8002';
  readonly calls: string[] = [];
  closed: CloseResult = 'closed';
  end: (end: 'drained' | 'cut_short') => void = () => undefined;

  drain(): Promise<'drained' | 'cut_short'> {
    this.calls.push('drain');
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  close(): Promise<CloseResult> {
    this.calls.push('close');
    return Promise.resolve(this.closed);
  }
}

interface Started {
  readonly config: ServeConfig;
  readonly deps: ServerDeps;
  readonly signal: AbortSignal;
}

/** `serve` over a server that the test holds in its hands. */
function rig(
  options: FakeIoOptions = {},
  start: (server: FakeServer, started: Started) => Promise<RunningServer> = (server) => Promise.resolve(server),
) {
  const io = new FakeIo({ files: { 'models/': '' }, ...options });
  const server = new FakeServer();
  const started: Started[] = [];
  const startServer: StartServer = (config, deps, signal) => {
    const one = { config, deps, signal };
    started.push(one);
    return start(server, one);
  };
  const run = (flags: FlagValues = {}) => serve({ modelRepository: ['models'], ...flags }, io, { startServer, version: '1.2.3' });
  return { io, server, started, run };
}

describe('serve', () => {
  it('starts the server with the configuration and drains it at the first signal', async () => {
    const { io, server, started, run } = rig();
    const exit = run({ grpcPort: '0' });
    await turns();
    expect(started[0]?.config).toMatchObject({ grpcPort: 0, modelRepository: ['models'] });
    expect(started[0]?.deps.version).toBe('1.2.3');
    expect(server.calls).toEqual([]);
    io.signal('SIGTERM');
    await turns();
    expect(server.calls).toEqual(['drain']);
    server.end('drained');
    expect(await exit).toBe(0);
    expect(server.calls).toEqual(['drain', 'close']);
    expect([io.handlers, io.killed]).toEqual([0, false]);
  });

  it('kills the process where a worker cannot be stopped', async () => {
    const { io, server, run } = rig();
    server.closed = 'stuck';
    const exit = run();
    await turns();
    io.signal('SIGTERM');
    await turns();
    server.end('cut_short');
    await exit;
    expect(io.killed).toBe(true);
  });

  it('fails where the drain was cut short', async () => {
    const { io, server, run } = rig();
    const exit = run();
    await turns();
    io.signal('SIGINT');
    await turns();
    server.end('cut_short');
    expect(await exit).toBe(1);
  });

  it('closes at once at the second signal, and fails', async () => {
    const { io, server, run } = rig();
    const exit = run();
    await turns();
    io.signal('SIGINT');
    io.signal('SIGINT');
    expect(await exit).toBe(1);
    expect(server.calls).toEqual(['drain', 'close']);
  });

  it('ends in order where it is stopped while it starts', async () => {
    const { io, started, run } = rig(
      {},
      (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason instanceof Error ? signal.reason : new Error())),
        ),
    );
    const exit = run();
    await turns();
    expect(started[0]?.signal.aborted).toBe(false);
    io.signal('SIGTERM');
    expect(await exit).toBe(0);
    expect(io.stderr.text).toBe('');
  });

  it('fails where a stop during the start cut calls short', async () => {
    const { io, run } = rig(
      {},
      (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut short')))),
    );
    const exit = run();
    await turns();
    io.signal('SIGTERM');
    expect(await exit).toBe(1);
    expect(io.stderr.text).toContain('cut short');
  });

  it('gives up a start that does not hear, at the second signal', async () => {
    const { io, run } = rig({}, () => new Promise(() => undefined));
    const exit = run();
    await turns();
    io.signal('SIGTERM');
    io.signal('SIGTERM');
    expect(await exit).toBe(1);
  });

  it('logs JSON lines where stderr is no terminal, a failed start among them', async () => {
    const inUse = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', address: '127.0.0.1', port: 8001 });
    const { io, run } = rig({}, () => Promise.reject(inUse));
    expect(await run()).toBe(1);
    expect(io.stderr.lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 'error', event: 'start_failed', reason: expect.stringContaining('127.0.0.1:8001 is in use') }),
    ]);
  });

  it('says a failed start in words on a terminal, and where the log is silent', async () => {
    for (const [columns, flags] of [
      [80, {}],
      [undefined, { logLevel: 'silent' }],
    ] as const) {
      const { io, run } = rig(columns === undefined ? {} : { columns }, () => Promise.reject(new Error('cannot read the key')));
      expect(await run(flags)).toBe(1);
      expect(io.stderr.text).toBe('millrace: cannot read the key\n');
    }
  });

  it('says a failed start in words where a caller has switched the error lines off meanwhile', async () => {
    const { io, run } = rig({}, (_, { deps: { logger } }) => {
      logger.switches = { ...logger.switches, error: false };
      return Promise.reject(new Error('cannot read the key'));
    });
    expect(await run()).toBe(1);
    expect(io.stderr.text).toBe('millrace: cannot read the key\n');
  });

  it('shows progress on a terminal alone', async () => {
    const quiet = rig();
    void quiet.run();
    await turns();
    expect(quiet.started[0]?.deps.progress).toBeUndefined();
    const { io, started, run } = rig({ columns: 80 });
    void run();
    // The readable log lines are loaded on demand.
    while (started.length === 0) await turns(1);
    started[0]?.deps.progress?.({ model: 'digits', version: '1', state: 'loading', settled: 0, total: 2 });
    expect(io.stderr.text).toContain('0 of 2 models loaded; digits/1 loading');
    started[0]?.deps.logger.info('loaded');
    expect(io.stderr.text).toMatch(/INFO.*loaded/);
  });

  it('prints each value and its source, and starts nothing', async () => {
    const { io, started, run } = rig({ env: { MILLRACE_GRPC_PORT: '9' } });
    expect(await run({ printConfig: true })).toBe(0);
    expect(io.stdout.text).toMatch(/^grpcPort: 9 +# environment MILLRACE_GRPC_PORT$/m);
    expect(started).toEqual([]);
  });

  it('reads the file of --config', async () => {
    const { io, run } = rig({ files: { 'models/': '', 'm.yaml': 'grpcPort: 7\n' } });
    await run({ config: 'm.yaml', printConfig: true });
    expect(io.stdout.text).toMatch(/^grpcPort: 7 +# file m\.yaml$/m);
  });

  it('refuses a repository that is not there before anything starts', async () => {
    const { started, run } = rig();
    await expect(run({ modelRepository: ['models', 'missing'] })).rejects.toThrow('--model-repository: missing is not a directory');
    expect(started).toEqual([]);
  });
});
