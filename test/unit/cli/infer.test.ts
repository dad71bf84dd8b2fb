import { describe, expect, it } from '@jest/globals';
import { type InferClient, type InferFlags, infer } from '../../../src/cli/infer.js';
import { CallError } from '../../../src/client/call-error.js';
import type { CallOptions, ClientOptions } from '../../../src/client/millrace-client.js';
import { InferResponse, InferStreamResponse } from '../../../src/gen/millrace/v1/inference.js';
import { FakeIo } from '../../support/fake-io.js';

const OUTPUTS = [{ name: 'label', datatype: 'DATATYPE_INT64', shape: ['1'], ints: ['7'] }];
const RESPONSE = InferResponse.fromJSON({ model: 'digits', version: '1', outputs: OUTPUTS });
const FLAGS: InferFlags = { address: '127.0.0.1:8001', input: 'r.json', timeoutMs: '60000' };
const FILES = { 'r.json': '{"inputs": []}', 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' };

class FakeClient implements InferClient {
  readonly sent: unknown[] = [];
  readonly options: CallOptions[] = [];
  closes = 0;
  response: () => Promise<InferResponse> = () => Promise.resolve(RESPONSE);
  messages: readonly InferStreamResponse[] = [];

  infer(request: unknown, options: CallOptions = {}): Promise<InferResponse> {
    this.sent.push(request);
    this.options.push(options);
    return this.response();
  }

  async *inferStream(request: unknown): AsyncGenerator<InferStreamResponse, void, undefined> {
    this.sent.push(request);
    yield* this.messages;
  }

  close(): void {
    this.closes += 1;
  }
}

function rig() {
  const io = new FakeIo({ files: FILES });
  const client = new FakeClient();
  const created: [string, Partial<ClientOptions>][] = [];
  const createClient = (address: string, options: Partial<ClientOptions>) => {
    created.push([address, options]);
    return client;
  };
  const run = (flags: Partial<InferFlags> = {}) => infer('digits', { ...FLAGS, ...flags }, io, { createClient });
  return { io, client, created, run };
}

describe('infer', () => {
  it('sends the request and prints the answer', async () => {
    const { io, client, created, run } = rig();
    expect(await run({ address: 'h:1', timeoutMs: '50' })).toBe(0);
    expect(created).toEqual([['h:1', {}]]);
    expect(client.sent).toEqual([expect.objectContaining({ model: 'digits' })]);
    expect(client.options[0]?.timeoutMs).toBe(50);
    expect(io.stdout.text).toMatch(/^digits version 1\n {2}label {2}INT64 \[1\]\n {4}7\n2\.5 ms for the whole call\n$/);
    expect([client.closes, io.handlers]).toEqual([1, 0]);
  });

  it('prints JSON on one line where asked to', async () => {
    const { io, run } = rig();
    await run({ json: true });
    expect(io.stdout.lines).toHaveLength(1);
    expect(JSON.parse(io.stdout.text)).toEqual({ model: 'digits', version: '1', outputs: OUTPUTS });
  });

  it('prints each message of a stream, and the time of the whole', async () => {
    const { io, client, run } = rig();
    client.messages = [
      InferStreamResponse.fromJSON({ rowCount: 4 }),
      InferStreamResponse.fromJSON({ sequence: 1, rowOffset: 4, rowCount: 1, final: true }),
    ];
    expect(await run({ stream: true, rowsPerMessage: '4' })).toBe(0);
    expect(client.sent).toEqual([expect.objectContaining({ rowsPerMessage: 4 })]);
    expect(io.stdout.lines).toEqual(['message 0, rows 0 to 3', 'message 1, rows 4 to 4, final', '2.5 ms for the whole call']);
  });

  it('prints a stream as JSON, one line a message', async () => {
    const { io, client, run } = rig();
    client.messages = [InferStreamResponse.fromJSON({ rowCount: 4 }), InferStreamResponse.fromJSON({ sequence: 1, final: true })];
    await run({ stream: true, json: true });
    expect(io.stdout.lines.map((line) => JSON.parse(line) as object)).toEqual([{ rowCount: 4 }, { sequence: 1, final: true }]);
  });

  it('fails where rows of a stream failed that went on', async () => {
    const { io, client, run } = rig();
    client.messages = [InferStreamResponse.fromJSON({ error: { code: 13, message: 'worker died' }, rowCount: 1 })];
    expect(await run({ stream: true })).toBe(1);
    expect(io.stdout.text).toContain('failed: INTERNAL: worker died');
  });

  it('fails with status and message where the server refuses', async () => {
    const { io, client, run } = rig();
    client.response = () => Promise.reject(new CallError('RESOURCE_EXHAUSTED', 'too much waits', 40));
    expect(await run()).toBe(1);
    expect(io.stderr.text).toBe('millrace: RESOURCE_EXHAUSTED: too much waits (the server asks to try again in 40 ms)\n');
    expect([io.stdout.text, client.closes]).toEqual(['', 1]);
  });

  it('says that nobody listens there', async () => {
    const { io, client, run } = rig();
    client.response = () =>
      Promise.reject(new CallError('UNAVAILABLE', 'No connection established. Last error: ECONNREFUSED. Resolution note: ', undefined));
    expect(await run()).toBe(1);
    expect(io.stderr.text).toMatch(
      /^millrace: cannot connect to 127\.0\.0\.1:8001: No connection .*ECONNREFUSED\.; is the server running there/,
    );
  });

  it('calls over TLS where it is given authorities, with a certificate of its own where there is one', async () => {
    const { created, run } = rig();
    await run({ tlsCaFile: 'ca.pem' });
    await run({ tlsCaFile: 'ca.pem', tlsCertFile: 'cert.pem', tlsKeyFile: 'key.pem' });
    const ca = Buffer.from('CA');
    expect(created.map(([, { tls }]) => tls)).toEqual([{ ca }, { ca, cert: Buffer.from('CERT'), key: Buffer.from('KEY') }]);
  });

  it('cancels the call at Ctrl-C', async () => {
    const { io, client, run } = rig();
    client.response = () => {
      io.signal('SIGINT');
      return Promise.reject(new CallError(client.options[0]?.signal?.aborted === true ? 'CANCELLED' : 'UNKNOWN', 'x', undefined));
    };
    expect(await run()).toBe(1);
    expect(io.stderr.text).toBe('millrace: CANCELLED: x\n');
  });

  it.each([
    [{ rowsPerMessage: '4' }, '--rows-per-message needs --stream'],
    [{ stream: true, rowsPerMessage: 'x' }, '--rows-per-message: "x" is not allowed'],
    [{ timeoutMs: '-1' }, '--timeout-ms: "-1" is not allowed'],
    [{ timeoutMs: '9999999999' }, '--timeout-ms'],
    [{ tlsCertFile: 'cert.pem' }, '--tls-cert-file and --tls-key-file go together'],
    [{ tlsCertFile: 'cert.pem', tlsKeyFile: 'key.pem' }, '--tls-cert-file needs --tls-ca-file'],
  ])('refuses %j before anything is sent', async (flags, message) => {
    const { created, run } = rig();
    await expect(run(flags)).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(message) });
    expect(created).toEqual([]);
  });

  it('lets other errors pass, the client closed', async () => {
    const { client, run } = rig();
    client.response = () => Promise.reject(new TypeError('a bug'));
    await expect(run()).rejects.toThrow('a bug');
    expect(client.closes).toBe(1);
  });
});
