import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { ServingError } from '../../../../src/error/serving-error.js';
import type { CarriedCall } from '../../../../src/grpc/carrier.js';
import type { MetadataField } from '../../../../src/grpc/metadata-field.js';
import { Assemblies } from '../../../../src/grpc/native/assemblies.js';
import { AssemblyShare } from '../../../../src/grpc/native/assembly-share.js';
import { Decompressor } from '../../../../src/grpc/native/compression.js';
import { MessageCompressor } from '../../../../src/grpc/native/message-compressor.js';
import { MessageMemory } from '../../../../src/grpc/native/message-memory.js';
import { NativeCarrier } from '../../../../src/grpc/native/native-carrier.js';
import { Turns } from '../../../../src/grpc/native/turns.js';
import type { CallStatus } from '../../../../src/wire/status.js';
import { turns as eventLoop } from '../../../support/event-loop.js';
import { FakeStreamHost } from '../../../support/fake-stream-host.js';
import { frame } from '../../../support/grpc-client.js';
import { until } from '../../../support/grpc-server.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** Hears of nothing but its end, and of why it was ended. */
class SilentCall implements CarriedCall {
  readonly isSingleRequest = true;
  addedHeaders: MetadataField[] | undefined;
  addedTrailers: MetadataField[] | undefined;
  gone = 0;

  onStart(): void {}
  onMessage(): void {}
  onHalfClose(): void {}
  onUnreadable(): void {}
  readonly reasons: string[] = [];

  abandon({ code }: ServingError): void {
    this.reasons.push(code);
  }

  onGone(): void {
    this.gone += 1;
  }
}

const LIMIT = 1_000_000;

function setUp(compressor?: MessageCompressor) {
  const assemblies = new Assemblies(LIMIT, 1000, new ManualClock());
  const host = {
    maxMessageBytes: LIMIT,
    assemblies: new AssemblyShare(assemblies),
    decompressor: new Decompressor(LIMIT, new Turns()),
    memory: new MessageMemory(),
  };
  const client = new FakeStreamHost();
  const call = new SilentCall();
  const carrier = new NativeCarrier(client.stream, call, host, 'identity', compressor);
  client.stream.listener = carrier;
  const told: string[] = [];
  const write = (message: Uint8Array | string) => carrier.write(Buffer.from(message), () => told.push(`written, full: ${carrier.isFull}`));
  return { client, call, carrier, told, write };
}

function compressing() {
  const turns = new Turns();
  const rig = setUp(new MessageCompressor('gzip', 'low', turns));
  /** Nothing is compressed until this is called. */
  const hold = async () => {
    for (let taken = 0; taken < 4; taken += 1) await turns.take();
    return () => {
      for (let taken = 0; taken < 4; taken += 1) turns.pass();
    };
  };
  return { ...rig, hold };
}

/** What a message was before it was compressed; undefined where it was not. */
function unpacked(sent: string | undefined): string | undefined {
  const bytes = Buffer.from(sent ?? '', 'latin1');
  return bytes[0] === 1 && bytes.readUInt32BE(1) === bytes.length - 5 ? gunzipSync(bytes.subarray(5)).toString() : undefined;
}

const OK: CallStatus = { code: 0, message: 'OK' };
const HEAD = ':status: 200\ncontent-type: application/grpc+proto\ngrpc-accept-encoding: identity,deflate,gzip';
const GZIP_HEAD = `${HEAD}\ngrpc-encoding: gzip`;
const TRAILERS = 'grpc-status: 0';
const LARGE = 'a'.repeat(5000);
const plain = (message: Uint8Array | string) => frame(message).toString('latin1');

describe('NativeCarrier, with metadata of the handler', () => {
  it('sends it before the first message and beside the status', () => {
    const { client, call, carrier, write } = setUp();
    call.addedHeaders = [{ name: 'x-a', value: '1' }];
    expect(carrier.hasResponded).toBe(false);
    write('a');
    expect(carrier.hasResponded).toBe(true);
    call.addedTrailers = [{ name: 'x-t-bin', value: '/w' }];
    carrier.end({ code: 5, message: 'none' });
    expect(client.sent).toEqual([`${HEAD}\nx-a: 1`, plain('a'), 'grpc-status: 5\ngrpc-message: none\nx-t-bin: /w']);
    expect(call.gone).toBe(1);
  });

  it('sends headers of their own where there is no message, and Trailers-Only where none were added', () => {
    const { client, call, carrier } = setUp();
    call.addedHeaders = [{ name: 'x-a', value: '1' }];
    carrier.end(OK);
    expect([client.sent, call.gone]).toEqual([[`${HEAD}\nx-a: 1`, TRAILERS], 1]);
    const other = setUp();
    other.call.addedTrailers = [{ name: 'x-t', value: '2' }];
    other.carrier.end(OK);
    expect([other.client.sent, other.call.gone]).toEqual([[`${HEAD}\n${TRAILERS}\nx-t: 2`], 1]);
  });
});

describe('NativeCarrier, compressing', () => {
  it('sends the status behind the message that is compressed', async () => {
    const { client, call, carrier, write } = compressing();
    write(LARGE);
    carrier.end(OK);
    expect([client.sent, call.gone]).toEqual([[], 0]);
    await until(() => call.gone === 1);
    expect([client.sent[0], unpacked(client.sent[1]), client.sent[2], client.sent.length]).toEqual([GZIP_HEAD, LARGE, TRAILERS, 3]);
  });

  it('sends what is small, or does not become smaller, as it is, and in its order', async () => {
    const { client, call, carrier, told, write } = compressing();
    const noise = randomBytes(3000);
    write('small');
    expect([client.sent, carrier.isFull, told]).toEqual([[GZIP_HEAD, plain('small')], false, []]);
    for (const message of [LARGE, 'behind it', noise, 'last']) write(message);
    carrier.end(OK);
    await until(() => call.gone === 1);
    expect(unpacked(client.sent[2])).toBe(LARGE);
    expect(client.sent.slice(3)).toEqual([plain('behind it'), plain(noise), plain('last'), TRAILERS]);
  });

  it('is full while something waits to be compressed, and counts it', async () => {
    const { client, carrier, told, write, hold } = compressing();
    const release = await hold();
    write(LARGE);
    write('b');
    expect([carrier.isFull, carrier.unsentBytes, carrier.hasResponded, told]).toEqual([true, 5001, true, []]);
    release();
    await until(() => !carrier.isFull);
    expect([carrier.unsentBytes, told, client.sent.length]).toEqual([0, ['written, full: false'], 3]);
  });

  it('says that it is written when neither the compressor nor the client holds anything', async () => {
    const { client, carrier, told, write, hold } = compressing();
    client.isHeld = true;
    write(LARGE);
    await until(() => client.stream.isBacklogged);
    await eventLoop();
    // It waits for the client now.
    expect([carrier.isFull, told, carrier.unsentBytes > 0 && carrier.unsentBytes < 5000]).toEqual([true, [], true]);
    const release = await hold();
    write(LARGE);
    client.release();
    expect([carrier.isFull, told]).toEqual([true, []]);
    release();
    await until(() => told.length > 0);
    expect(told).toEqual(['written, full: false']);
  });

  it.each(['drop', 'abort'] as const)('stops with the call: %s', async (how) => {
    const { client, call, carrier, told, write } = compressing();
    write(LARGE);
    write(LARGE);
    carrier.end(OK);
    if (how === 'drop') client.drop();
    else carrier.abort();
    expect([call.gone, carrier.unsentBytes, carrier.isFull]).toEqual([1, 0, false]);
    await eventLoop(50);
    expect([client.sent, call.gone, told]).toEqual([[], 1, []]);
  });

  it('takes no header that is added while the first message is compressed', async () => {
    const { client, call, carrier, write } = compressing();
    call.addedHeaders = [{ name: 'x-a', value: '1' }];
    write(LARGE);
    expect(carrier.hasResponded).toBe(true);
    carrier.end({ code: 13, message: 'failed' });
    await until(() => call.gone === 1);
    expect([client.sent[0], client.sent[2]]).toEqual([`${GZIP_HEAD}\nx-a: 1`, 'grpc-status: 13\ngrpc-message: failed']);
  });

  it('says a status alone without naming an encoding', () => {
    const { client, carrier } = compressing();
    carrier.end(OK);
    expect(client.sent).toEqual([`${HEAD}\n${TRAILERS}`]);
  });

  it('ends its stream alone where sending fails for a mistake of ours', async () => {
    const { client, call, write } = compressing();
    client.writeData = () => {
      throw new Error('a mistake');
    };
    write(LARGE);
    await until(() => call.gone === 1);
    expect([call.reasons, client.resets]).toEqual([['internal'], [8]]);
  });
});
