import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import type { Method } from '../../../../src/grpc/call.js';
import type { Carrier } from '../../../../src/grpc/carrier.js';
import { DeadlineWheel } from '../../../../src/grpc/deadline-wheel.js';
import { HeaderMetadata } from '../../../../src/grpc/metadata.js';
import { CallRoster } from '../../../../src/grpc/served/call-roster.js';
import { createCall } from '../../../../src/grpc/served/create-call.js';
import type { CallStatus } from '../../../../src/wire/status.js';
import { bidi, clientStream, serverStream, unary, untilCancelled } from '../../../support/grpc-methods.js';
import { RecordingDoor, RecordingObserver, serviceOf } from '../../../support/grpc-server.js';
import { ManualClock } from '../../../support/manual-clock.js';

class FakeCarrier implements Carrier {
  readonly done: string[] = [];
  hasResponded = false;
  isFull = false;
  unsentBytes: number | undefined = undefined;

  read(): void {
    this.done.push('read');
  }

  write(message: Uint8Array): void {
    this.done.push(`write ${Buffer.from(message).toString()}`);
  }

  release(request: Buffer, answer: Uint8Array): void {
    this.done.push(`release ${request.toString()} ${Buffer.from(answer).toString()}`);
  }

  end(status: CallStatus): void {
    this.done.push(`end ${status.code} ${status.message}`);
  }

  abort(): void {
    this.done.push('abort');
  }
}

const BODY_TIMEOUT_MS = 1000;
const ANSWER_TIMEOUT_MS = 3000;

function setUp(method: Method, { deadline = Infinity }: { readonly deadline?: number } = {}) {
  const clock = new ManualClock();
  const door = new RecordingDoor();
  const observer = new RecordingObserver();
  const wheel = new DeadlineWheel(clock);
  const errors: unknown[] = [];
  const host = {
    ...{ clock, door, observer, wheel, maxMessageBytes: 100, bodyTimeoutMs: BODY_TIMEOUT_MS, answerTimeoutMs: ANSWER_TIMEOUT_MS },
    roster: new CallRoster(() => undefined),
    onInternalError: (error: unknown) => errors.push(error),
  };
  const head = { metadata: new HeaderMetadata([]), peer: { address: 'unix:', local: true }, startedAt: 0, deadline };
  const call = createCall(host, { method, service: serviceOf(method) }, head);
  const carrier = new FakeCarrier();
  door.enter(call);
  host.roster.enter(call);
  call.begin(carrier);
  call.onStart();
  return { call, carrier, clock, door, observer, wheel, errors, roster: host.roster };
}

const echo = unary('Echo', async (text) => text);
const settled = () => new Promise((resolve) => setImmediate(resolve));
/** The wheel acts on a deadline at most this late. */
const SLOT_MS = 5;

describe('ServedCall', () => {
  it('answers a request of one message once it is complete', async () => {
    const { call, carrier, observer } = setUp(echo);
    call.onMessage(Buffer.from('a'));
    call.onHalfClose();
    await settled();
    expect(carrier.done).toEqual(['read', 'read', 'write a', 'end 0 OK']);
    expect(observer.ended).toEqual([0]);
  });

  it('releases a message of a stream that its handler says to be done with', async () => {
    const chat = bidi('Chat', async (requests, call) => {
      for await (const text of requests) {
        await call.send(text);
        call.doneWith(Buffer.from(text));
      }
    });
    const { call, carrier } = setUp(chat);
    call.onMessage(Buffer.from('a'));
    await settled();
    expect(carrier.done).toContain('release a ');
  });

  it('releases a request that its method only borrows once it is handled; none whose handler fails', async () => {
    const borrowing = { ...echo, borrowsRequest: true } as Method;
    const { call, carrier } = setUp(borrowing);
    call.onMessage(Buffer.from('a'));
    call.onHalfClose();
    await settled();
    expect(carrier.done).toEqual(['read', 'read', 'write a', 'release a a', 'end 0 OK']);
    const failing = setUp({
      ...unary('Fail', () => Promise.reject(new ServingError('unsupported', 'no'))),
      borrowsRequest: true,
    } as Method);
    failing.call.onMessage(Buffer.from('a'));
    failing.call.onHalfClose();
    await settled();
    expect(failing.carrier.done.filter((done) => done.startsWith('release'))).toEqual([]);
  });

  it('answers once, whoever is first, and leaves the door once', async () => {
    const { call, carrier, door, observer } = setUp(echo, { deadline: 100 });
    call.onUnreadable({ code: 13, message: 'garbage' });
    call.onUnreadable({ code: 13, message: 'garbage again' });
    call.abandon(new ServingError('overloaded', 'too much', { retryAfterMs: 1 }));
    call.succeed();
    call.fail(new Error('late'));
    expect(call.write(Buffer.from('late'), () => undefined)).toBe(false);
    call.onGone(undefined);
    expect(carrier.done).toEqual(['read', 'end 13 garbage']);
    expect([observer.ended, door.left, door.inside.size, call.signal.reason?.code]).toEqual([[13], 1, 0, 'cancelled']);
  });

  it.each([
    [undefined, 1],
    [8, 8],
  ])('that goes without an answer of ours is cancelled, and counted with what the transport has said: %s', (said, status) => {
    const { call, observer, wheel } = setUp(
      unary('Hang', (_text, hanging) => untilCancelled(hanging)),
      { deadline: 100 },
    );
    call.onGone(said);
    expect([observer.ended, call.signal.reason?.message, wheel.size]).toEqual([[status], 'the call was cancelled by the client', 0]);
  });

  it('of a server that closes was not cancelled by its client', () => {
    const { call, roster } = setUp(echo);
    roster.closing = true;
    call.onGone(undefined);
    expect(call.signal.reason).toMatchObject({ code: 'draining', message: 'the server is closing' });
  });

  it('keeps what is added to its metadata, up to its answer', () => {
    const { call, carrier } = setUp(serverStream('Hang', (_text, hanging) => untilCancelled(hanging)));
    expect([call.addedHeaders, call.addedTrailers]).toEqual([undefined, undefined]);
    call.addHeader('x-a', '1');
    call.addHeader('x-a', '2');
    call.addTrailer('x-t-bin', Buffer.from([255]));
    carrier.hasResponded = true;
    call.addTrailer('x-t', '3');
    call.succeed();
    call.addHeader('x-late', '4');
    call.addTrailer('x-late', '5');
    expect(call.addedHeaders).toEqual([
      { name: 'x-a', value: '1' },
      { name: 'x-a', value: '2' },
    ]);
    expect(call.addedTrailers).toEqual([
      { name: 'x-t-bin', value: '/w' },
      { name: 'x-t', value: '3' },
    ]);
  });

  it('takes no header behind its first message, and nothing that is malformed', () => {
    const { call, carrier } = setUp(echo);
    expect(() => call.addHeader('grpc-status', '0')).toThrow("metadata 'grpc-status' is reserved");
    expect(() => call.addTrailer('X', 'y')).toThrow('malformed metadata name');
    carrier.hasResponded = true;
    expect(() => call.addHeader('x-a', '1')).toThrow("header 'x-a' is added behind the first message");
    expect([call.addedHeaders, call.addedTrailers]).toEqual([undefined, undefined]);
  });

  it('refuses to send a message over the limit', async () => {
    const { call, carrier } = setUp(unary('Long', async () => 'x'.repeat(101)));
    call.onMessage(Buffer.from('a'));
    call.onHalfClose();
    await settled();
    expect(carrier.done.at(-1)).toBe('end 8 response message of 101 bytes is over the limit of 100 bytes');
  });
});

describe('The request of a call', () => {
  it.each([echo, serverStream('Count', async () => undefined)])('of kind $kind has to be complete in time', (method) => {
    const { call, carrier, clock } = setUp(method);
    call.onMessage(Buffer.from('a'));
    clock.advance(BODY_TIMEOUT_MS - 1);
    expect(carrier.done).toEqual(['read', 'read']);
    clock.advance(1 + SLOT_MS);
    expect(carrier.done.at(-1)).toBe('end 4 the request did not arrive completely within 1 s');
    expect(call.signal.reason?.code).toBe('deadline_exceeded');
  });

  it.each([clientStream('Join', () => new Promise(() => undefined)), bidi('Talk', () => new Promise(() => undefined))])(
    'of kind $kind may take as long as its client likes',
    (method) => {
      const { carrier, clock } = setUp(method);
      clock.advance(10 * BODY_TIMEOUT_MS);
      expect(carrier.done).toEqual([]);
    },
  );

  it('that is complete leaves the handler the time up to the deadline', () => {
    const { call, carrier, clock, wheel } = setUp(
      unary('Hang', (_text, hanging) => untilCancelled(hanging)),
      { deadline: 5000 },
    );
    call.onMessage(Buffer.from('a'));
    call.onHalfClose();
    clock.advance(4999);
    expect(carrier.done).toEqual(['read', 'read']);
    clock.advance(1 + SLOT_MS);
    expect(carrier.done.at(-1)).toBe('end 4 deadline exceeded');
    call.onGone(undefined);
    expect(wheel.size).toBe(0);
  });

  it('that is complete leaves the handler any time where there is no deadline', () => {
    const { call, carrier, clock, wheel } = setUp(unary('Hang', (_text, hanging) => untilCancelled(hanging)));
    call.onMessage(Buffer.from('a'));
    call.onHalfClose();
    clock.advance(100 * BODY_TIMEOUT_MS);
    expect([carrier.done, wheel.size]).toEqual([['read', 'read'], 0]);
  });

  it('that is late and past the deadline is past the deadline', () => {
    const { carrier, clock } = setUp(echo, { deadline: BODY_TIMEOUT_MS });
    clock.advance(BODY_TIMEOUT_MS + SLOT_MS);
    expect(carrier.done.at(-1)).toBe('end 4 deadline exceeded');
  });
});

describe('An answer that waits for its reader', () => {
  async function answered(method = echo, { unsentBytes }: { readonly unsentBytes: number | undefined } = { unsentBytes: 1000 }) {
    const rig = setUp(method);
    rig.carrier.unsentBytes = unsentBytes;
    rig.call.onMessage(Buffer.from('a'));
    rig.call.onHalfClose();
    await settled();
    return rig;
  }

  it('is given up when nothing of it is taken for too long', async () => {
    const { carrier, clock } = await answered();
    clock.advance(ANSWER_TIMEOUT_MS - 1);
    expect(carrier.done).not.toContain('abort');
    clock.advance(1 + SLOT_MS);
    expect(carrier.done.at(-1)).toBe('abort');
  });

  it('may take as long as some of it is taken now and then', async () => {
    const { call, carrier, clock, wheel } = await answered();
    for (const unsent of [900, 500, 1]) {
      carrier.unsentBytes = unsent;
      clock.advance(ANSWER_TIMEOUT_MS + SLOT_MS);
    }
    expect(carrier.done).not.toContain('abort');
    call.onGone(undefined);
    expect(wheel.size).toBe(0);
    clock.advance(ANSWER_TIMEOUT_MS + SLOT_MS);
    expect(carrier.done).not.toContain('abort');
  });

  it('is not looked at where the transport says nothing, or a stream of answers was asked for', async () => {
    for (const rig of [await answered(echo, { unsentBytes: undefined }), await answered(serverStream('Count', async () => undefined))]) {
      rig.clock.advance(10 * ANSWER_TIMEOUT_MS);
      expect(rig.carrier.done).not.toContain('abort');
    }
  });

  it('and says that the deadline has passed has a second, whatever of it is taken', () => {
    const { carrier, clock } = setUp(echo, { deadline: 100 });
    carrier.unsentBytes = 10;
    clock.advance(100 + SLOT_MS);
    carrier.unsentBytes = 5;
    clock.advance(1000 + SLOT_MS);
    expect(carrier.done.slice(-2)).toEqual(['end 4 deadline exceeded', 'abort']);
  });
});
