import { describe, expect, it } from '@jest/globals';
import type { TlsOptions } from '../../../src/grpc/server-options.js';
import { loadTlsFiles } from '../../../src/grpc/tls-files.js';
import { renewFromFiles } from '../../../src/grpc/tls-watch.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { until } from '../../support/grpc-server.js';
import { LogBook } from '../../support/log-book.js';
import { ManualClock } from '../../support/manual-clock.js';
import { serialOf, TlsMount, tlsFixture } from '../../support/tls-mount.js';

const INTERVAL_MS = 10_000;
const OLD = { cert: 'server.crt', key: 'server.key', clientCa: 'ca.crt' };
const NEW = { cert: 'next-server.crt', key: 'next-server.key', clientCa: 'next-ca.crt' };
const HALF = { ...OLD, key: NEW.key };

interface Watched extends AsyncDisposable {
  readonly mount: TlsMount;
  readonly clock: ManualClock;
  readonly book: LogBook;
  readonly used: TlsOptions[];
  stop(): void;
  /** Lets the time of a look come, and waits until it is over. */
  look(): Promise<void>;
}

async function watch(use: (tls: TlsOptions) => void = () => undefined): Promise<Watched> {
  const mount = await TlsMount.create(OLD);
  const files = { cert: mount.file('cert'), key: mount.file('key'), clientCa: mount.file('clientCa') };
  const clock = new ManualClock();
  const book = new LogBook();
  const used: TlsOptions[] = [];
  const logger = createLogger({ level: 'info', destination: book });
  const stop = renewFromFiles(await loadTlsFiles(files), { clock, logger })((tls) => {
    used.push(tls);
    use(tls);
  });
  const look = async () => {
    clock.advance(INTERVAL_MS);
    await until(() => clock.pending === 1);
  };
  const dispose = async () => {
    stop();
    await mount[Symbol.asyncDispose]();
  };
  return { mount, clock, book, used, stop, look, [Symbol.asyncDispose]: dispose };
}

describe('renewFromFiles', () => {
  it('hands on what is new in the files, once, and says so in one line', async () => {
    await using it = await watch();
    await it.look();
    expect([it.used.length, it.book.lines]).toEqual([0, []]);
    await it.mount.replace(NEW);
    it.clock.advance(INTERVAL_MS - 1);
    expect(it.used).toEqual([]);
    await it.look();
    await it.look();
    expect(it.used).toMatchObject([{ cert: tlsFixture(NEW.cert), key: tlsFixture(NEW.key), clientCa: tlsFixture(NEW.clientCa) }]);
    const { serialNumber, validTo } = { serialNumber: serialOf(NEW.cert), validTo: expect.stringMatching(/ 2126 GMT$/) };
    expect(it.book.lines).toMatchObject([{ level: 'info', event: 'tls_reloaded', serialNumber, validTo }]);
  });

  it('hands on authorities that are new alone', async () => {
    await using it = await watch();
    await it.mount.replace({ ...OLD, clientCa: NEW.clientCa });
    await it.look();
    expect(it.used).toMatchObject([{ cert: tlsFixture(OLD.cert), clientCa: tlsFixture(NEW.clientCa) }]);
  });

  it('keeps what it has while the files do not fit together, and says once what is wrong', async () => {
    await using it = await watch();
    await it.mount.replace(HALF);
    await it.look();
    await it.look();
    await it.mount.replace({});
    await it.look();
    await it.look();
    expect(it.used).toEqual([]);
    expect(it.book.lines).toMatchObject([
      { level: 'warn', event: 'tls_reload_failed', reason: 'the TLS certificate is not that of the TLS key' },
      { level: 'warn', event: 'tls_reload_failed', reason: expect.stringContaining('ENOENT') },
    ]);
    await it.mount.replace(NEW);
    await it.look();
    expect(it.used).toHaveLength(1);
    expect(it.book.lines).toHaveLength(3);
  });

  it('says the same again once the files have been in order, as they were before, too', async () => {
    await using it = await watch();
    for (const files of [HALF, OLD, HALF]) {
      await it.mount.replace(files);
      await it.look();
    }
    expect(it.book.all('tls_reload_failed')).toHaveLength(2);
    expect(it.book.lines).toHaveLength(2);
  });

  it('says what the runtime said, as the cause', async () => {
    await using it = await watch();
    await it.mount.replace({ ...OLD, cert: Buffer.from('nothing') });
    await it.look();
    expect(it.book.lines).toMatchObject([
      { reason: 'the TLS certificate is no certificate in PEM', error: { message: expect.stringContaining('PEM') } },
    ]);
  });

  it('tries again what could not be used', async () => {
    let refusals = 1;
    await using it = await watch(() => {
      refusals -= 1;
      if (refusals >= 0) throw new RangeError('not now');
    });
    await it.mount.replace(NEW);
    await it.look();
    await it.look();
    expect(it.used).toHaveLength(2);
    expect(it.book.lines.map(({ event }) => event)).toEqual(['tls_reload_failed', 'tls_reloaded']);
  });

  it.each([
    ['new', NEW],
    ['broken', HALF],
  ])('does nothing once it is stopped, were it in the middle of reading what is %s', async (_, files) => {
    await using it = await watch();
    await it.mount.replace(files);
    it.clock.advance(INTERVAL_MS);
    it.stop();
    it.stop();
    // As many turns as a look takes, and more.
    await using other = await watch();
    await other.look();
    await other.look();
    expect([it.clock.pending, it.used, it.book.lines]).toEqual([0, [], []]);
  });

  it('waits for nothing once it is stopped between two looks', async () => {
    await using it = await watch();
    expect(it.clock.pending).toBe(1);
    it.stop();
    expect(it.clock.pending).toBe(0);
  });
});
