import { constants, type ServerHttp2Stream } from 'node:http2';
import { describe, expect, it } from '@jest/globals';
import type { CarriedCall } from '../../../../src/grpc/carrier.js';
import { GrpcJsCarrier } from '../../../../src/grpc/grpc-js/grpc-js-carrier.js';
import type { MetadataField } from '../../../../src/grpc/metadata-field.js';
import type { CallStatus } from '../../../../src/wire/status.js';
import type { RawCall } from '../../../support/grpc-client.js';
import { frame } from '../../../support/grpc-client.js';
import { grpcJsRig, RIG_MAX_MESSAGE_BYTES, RIG_PATH } from '../../../support/grpc-js-rig.js';
import { until } from '../../../support/grpc-server.js';

/** Keeps the book; does nothing by itself. */
class FakeCall implements CarriedCall {
  readonly isSingleRequest = true;
  readonly told: string[] = [];
  addedHeaders: readonly MetadataField[] | undefined;
  addedTrailers: readonly MetadataField[] | undefined;

  onStart(): void {
    this.told.push('start');
  }

  onMessage(message: Buffer): void {
    this.told.push(`message ${message.toString()}`);
  }

  onHalfClose(): void {
    this.told.push('half-close');
  }

  onUnreadable({ code }: CallStatus): void {
    this.told.push(`unreadable ${code}`);
  }

  abandon(): void {
    this.told.push('abandon');
  }

  onGone(said: number | undefined): void {
    this.told.push(`gone ${said}`);
  }

  get isGone(): boolean {
    return this.told.some((event) => event.startsWith('gone'));
  }
}

interface Carried extends AsyncDisposable {
  readonly fake: FakeCall;
  readonly carrier: GrpcJsCarrier;
  /** The server's side of the stream. */
  readonly stream: ServerHttp2Stream;
  readonly raw: RawCall;
}

/** A call of a real client, on its way through grpc-js; its headers have come in. */
async function carry(): Promise<Carried> {
  const fake = new FakeCall();
  const carriers: { carrier: GrpcJsCarrier; stream: ServerHttp2Stream }[] = [];
  const rig = await grpcJsRig((transport, stream) => {
    const carrier = new GrpcJsCarrier(fake, stream);
    carriers.push({ carrier, stream });
    transport.deliver(carrier, stream, { ':path': RIG_PATH, 'content-type': 'application/grpc' });
  });
  const raw = rig.client.open(RIG_PATH);
  await until(() => fake.told.length > 0);
  const [one] = carriers;
  if (one === undefined) throw new Error('no stream came in');
  return { fake, raw, ...one, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const OK: CallStatus = { code: 0, message: 'OK' };
const ignore = () => undefined;

describe('GrpcJsCarrier', () => {
  it('brings one message for each time it is asked, and the half-close', async () => {
    await using it = await carry();
    expect(it.fake.told).toEqual(['start']);
    it.raw.send('a');
    it.raw.send('b');
    it.raw.stream.end();
    for (const event of ['message a', 'message b', 'half-close']) {
      it.carrier.read();
      await until(() => it.fake.told.includes(event));
    }
    expect(it.fake.told).toEqual(['start', 'message a', 'message b', 'half-close']);
  });

  it('sends messages and the status, then says that the call is over and what its client was told', async () => {
    await using it = await carry();
    it.raw.stream.end(frame('a'));
    for (const event of ['message a', 'half-close']) {
      it.carrier.read();
      await until(() => it.fake.told.includes(event));
    }
    expect([it.carrier.hasResponded, it.carrier.isFull, it.carrier.unsentBytes]).toEqual([false, false, undefined]);
    await new Promise<void>((written) => it.carrier.write(Buffer.from('b'), written));
    expect(it.carrier.hasResponded).toBe(true);
    it.carrier.write(Buffer.from('c'), ignore);
    it.carrier.end(OK);
    expect(await it.raw.answer).toMatchObject({ status: 0, messages: [Buffer.from('b'), Buffer.from('c')] });
    await until(() => it.fake.isGone);
    expect(it.fake.told).toEqual(['start', 'message a', 'half-close', 'gone 0']);
  });

  it('says an error with its details and when to come back', async () => {
    await using it = await carry();
    it.carrier.end({ code: 8, message: 'full: 100 % ü', details: Buffer.from([1, 2, 3]), pushbackMs: 6.6 });
    const { status, text, headers, trailers } = await it.raw.answer;
    expect([status, text]).toEqual([8, 'full: 100 % ü']);
    const end = { ...headers, ...trailers };
    expect([end['grpc-status-details-bin'], end['grpc-retry-pushback-ms']]).toEqual([Buffer.from([1, 2, 3]).toString('base64'), '7']);
    await until(() => it.fake.isGone);
    expect(it.fake.told).toEqual(['start', 'gone 8']);
  });

  it.each([
    ['half a surrogate pair', { code: 13, message: 'a\ud800b' }, { status: 13, text: 'a\ufffdb' }],
    ['a code that gRPC does not have', { code: 99, message: 'strange' }, { status: 2, text: 'strange' }],
  ])('says %s as what gRPC can say', async (_, status, said) => {
    await using it = await carry();
    it.carrier.end(status);
    expect(await it.raw.answer).toMatchObject(said);
  });

  it('sends what the call adds, before the first message and with the status', async () => {
    await using it = await carry();
    const bytes = Buffer.from([255, 0]).toString('base64');
    it.fake.addedHeaders = [
      { name: 'x-a', value: '1' },
      { name: 'x-b-bin', value: bytes },
    ];
    it.carrier.write(Buffer.from('m'), ignore);
    it.fake.addedTrailers = [{ name: 'x-c', value: '2' }];
    it.carrier.end({ code: 5, message: 'gone', details: Buffer.from('d') });
    const { status, headers, trailers } = await it.raw.answer;
    expect([status, headers['x-a'], headers['x-b-bin'], trailers['x-c']]).toEqual([5, '1', bytes, '2']);
    expect(trailers['grpc-status-details-bin']).toBe(Buffer.from('d').toString('base64'));
  });

  it('says the status that grpc-js has given by itself, for a message over the limit', async () => {
    await using it = await carry();
    it.carrier.read();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(RIG_MAX_MESSAGE_BYTES + 1, 1);
    it.raw.stream.write(head);
    expect(await it.raw.answer).toMatchObject({ status: 8 });
    await until(() => it.fake.isGone);
    expect(it.fake.told).toEqual(['start', 'gone 8']);
  });

  it.each([
    ['before it is answered', (_carrier: GrpcJsCarrier) => undefined],
    ['in the middle of the answer', (carrier: GrpcJsCarrier) => carrier.write(Buffer.from('a'), ignore)],
  ])('takes no reset for a half-close, %s', async (_, answer) => {
    await using it = await carry();
    answer(it.carrier);
    it.carrier.read();
    it.raw.send('a');
    await until(() => it.fake.told.includes('message a'));
    it.carrier.read();
    // `close` would end the request before it resets it.
    it.raw.stream.destroy();
    await until(() => it.fake.isGone);
    expect(it.fake.told).toEqual(['start', 'message a', 'gone undefined']);
  });

  it('is full while its client does not read, and says when a message is out', async () => {
    await using it = await carry();
    it.raw.stream.pause();
    let written = 0;
    const pieces = 4;
    for (let count = 0; count < pieces; count += 1) it.carrier.write(Buffer.alloc(256 * 1024), () => (written += 1));
    expect([it.carrier.isFull, written < pieces]).toEqual([true, true]);
    it.raw.stream.resume();
    await until(() => written === pieces);
    expect(it.carrier.isFull).toBe(false);
    it.carrier.end(OK);
    expect((await it.raw.answer).messages).toHaveLength(pieces);
  });

  it('gives up a call, with a reset', async () => {
    await using it = await carry();
    it.carrier.abort();
    expect(await it.raw.answer).toMatchObject({ status: undefined, rstCode: constants.NGHTTP2_CANCEL });
    await until(() => it.fake.isGone);
    expect(it.fake.told).toEqual(['start', 'gone undefined']);
  });

  it('tells a client that goes on sending after its answer to stop', async () => {
    await using it = await carry();
    it.raw.send('a');
    it.carrier.end(OK);
    expect(await it.raw.answer).toMatchObject({ status: 0, rstCode: constants.NGHTTP2_NO_ERROR });
    await until(() => it.stream.closed);
    expect(it.stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });
});
