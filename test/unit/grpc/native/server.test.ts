import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { DeadlineWheel } from '../../../../src/grpc/deadline-wheel.js';
import { createNativeServer } from '../../../../src/grpc/native/server.js';
import { CONNECTION_WINDOW_BYTES } from '../../../../src/grpc/served/receive-budget.js';
import { DEFAULT_GRPC_SERVER_OPTIONS } from '../../../../src/grpc/server-options.js';
import { ERROR_CODE } from '../../../../src/http2/error-code.js';
import { MAX_STREAM_ID } from '../../../../src/http2/frame.js';
import { FramePeer } from '../../../support/frame-peer.js';
import { frame } from '../../../support/grpc-client.js';
import { clientStream, serverStream, unary, untilCancelled } from '../../../support/grpc-methods.js';
import { RecordingDoor, RecordingObserver, serviceOf, startServer, until } from '../../../support/grpc-server.js';
import { dataFrame, FRAME_TYPE, grpcHeadersFrame, lastStreamOf, pingAckFrame } from '../../../support/h2-frames.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { answerOn, ECHO, ECHOED, helloTo, NativeRig } from '../../../support/native-rig.js';

const NEVER = new AbortController().signal;
const FAREWELL = pingAckFrame(Buffer.from('goodbye!'));
const native = { transport: 'native' } as const;
const echo = unary('Echo', async (text) => text);

/** Calls that are answered when the test says so. */
function gate() {
  const waiting: (() => void)[] = [];
  const method = unary('Wait', async (text) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return text;
  });
  return { method, waiting, path: '/test.Test/Wait' };
}

/** Calls that are never answered, and what they were cancelled with. */
function held() {
  const reasons: string[] = [];
  const method = unary('Hold', (_text, call) =>
    untilCancelled(call).catch((error: unknown) => {
      reasons.push(String(error));
      throw error;
    }),
  );
  return { method, reasons, path: '/test.Test/Hold' };
}

/** By how much the connection's window was opened at the start. */
function grantedTo(peer: FramePeer): number {
  return peer.all(FRAME_TYPE.windowUpdate).reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
}

describe('createNativeServer', () => {
  it('serves on every address that it is given', async () => {
    const [one, two] = ['127.0.0.1:0', '127.0.0.2:0'];
    await using at = await startServer([serviceOf(echo)], { ...native, listen: [one, two] });
    expect(at.server.addresses).toHaveLength(2);
    for (const address of at.server.addresses) {
      const [host, port] = address.split(':');
      const socket = connect({ host: host ?? '', port: Number(port) });
      await once(socket, 'connect');
      socket.destroy();
    }
    await using peer = await FramePeer.greeted(at.address);
    peer.send(helloTo(ECHO, 1));
    expect(await answerOn(peer, 1)).toEqual(ECHOED);
  });

  it('rejects where an address is taken', async () => {
    await using at = await startServer([serviceOf(echo)], native);
    await expect(startServer([serviceOf(echo)], { ...native, listen: [at.address] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('rejects where two services claim one path', async () => {
    await expect(startServer([serviceOf(echo), serviceOf(echo)], native)).rejects.toThrow(`two services serve ${ECHO}`);
  });

  it('tells what was behind an internal error, and of which path; of none where it belongs to no call', async () => {
    const told: unknown[] = [];
    const [door, clock] = [new RecordingDoor(), new ManualClock()];
    const fail = unary('Fail', () => Promise.reject(new RangeError('mine')));
    const options = { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: ['127.0.0.1:0'] };
    await using server = await createNativeServer(options, [serviceOf(fail)], {
      door,
      clock,
      observer: new RecordingObserver(),
      wheel: new DeadlineWheel(clock),
      onInternalError: (error, path) => told.push([path, String(error)]),
    });
    await using peer = await FramePeer.greeted(server.addresses[0] ?? '');
    peer.send(helloTo('/test.Test/Fail', 1));
    expect(await answerOn(peer, 1)).toMatchObject([{ 'grpc-status': '13', 'grpc-message': 'internal error' }]);
    door.enter = () => {
      throw new RangeError('of the door');
    };
    peer.send(helloTo('/test.Test/Fail', 3));
    expect(await peer.resetOf(3)).toBe(ERROR_CODE.INTERNAL_ERROR);
    expect(told).toEqual([
      ['/test.Test/Fail', 'RangeError: mine'],
      ['unknown', 'RangeError: of the door'],
    ]);
  });
});

describe('a native server, as time passes', () => {
  it('has one timer, and that only while there are connections', async () => {
    const clock = new ManualClock();
    await using at = await startServer([serviceOf(echo)], native, clock);
    expect(clock.pending).toBe(0);
    for (let round = 0; round < 2; round += 1) {
      await using one = await FramePeer.greeted(at.address);
      await using two = await FramePeer.greeted(at.address);
      expect(clock.pending).toBe(1);
      clock.advance(1_000);
      expect(clock.pending).toBe(1);
      one.drop();
      two.drop();
      await until(() => clock.pending === 0);
    }
  });

  it('goes on looking after those that stay when one goes', async () => {
    await using rig = await NativeRig.start();
    await using other = await FramePeer.connect(rig.at.address);
    await until(() => other.all(FRAME_TYPE.settings).length === 1);
    expect(rig.clock.pending).toBe(1);
    // It has not said a word: the first to be cut off.
    rig.clock.advance(DEFAULT_GRPC_SERVER_OPTIONS.prefaceTimeoutMs + 500);
    await once(other.socket, 'close');
    expect(rig.clock.pending).toBe(1);
    expect(await rig.echo(1)).toEqual(ECHOED);
  });

  it('sends a connection away at its age, give or take a tenth', async () => {
    await using rig = await NativeRig.start([], { maxConnectionAgeMs: 10_000 });
    const { clock, peer } = rig;
    clock.advance(8_900);
    expect(await rig.echo(1)).toEqual(ECHOED);
    expect(peer.all(FRAME_TYPE.goaway)).toEqual([]);
    clock.advance(2_600);
    await until(() => peer.all(FRAME_TYPE.goaway).length > 0);
    peer.send(FAREWELL);
    await until(() => peer.socket.destroyed);
    expect(peer.all(FRAME_TYPE.goaway).map(lastStreamOf)).toEqual([MAX_STREAM_ID, 1]);
  });

  it('ends a message that stays incomplete', async () => {
    const collect = clientStream('Collect', async (texts) => {
      for await (const _text of texts);
      return '';
    });
    await using rig = await NativeRig.start([collect]);
    const parts = grpcHeadersFrame(1, '/test.Test/Collect');
    rig.peer.send(parts, dataFrame(1, frame('hello').subarray(0, 7), false));
    expect(await rig.echo(3)).toEqual(ECHOED);
    rig.clock.advance(DEFAULT_GRPC_SERVER_OPTIONS.bodyTimeoutMs + 500);
    expect(await rig.answer(1)).toMatchObject([{ 'grpc-status': '4' }]);
  });
});

describe("a native server's receive budget", () => {
  it('is shared out among connections and given back, once, by those that go', async () => {
    const clock = new ManualClock();
    await using at = await startServer([serviceOf(echo)], { ...native, receiveBudgetBytes: CONNECTION_WINDOW_BYTES }, clock);
    for (let round = 0; round < 3; round += 1) {
      await using wide = await FramePeer.greeted(at.address);
      await using narrow = await FramePeer.greeted(at.address);
      expect([grantedTo(wide), grantedTo(narrow)]).toEqual([CONNECTION_WINDOW_BYTES - 65_535, 0]);
      narrow.drop();
      wide.drop();
      await until(() => clock.pending === 0);
    }
  });
});

describe("a native server's connections over the receive budget", () => {
  it('are served all the same', async () => {
    await using rig = await NativeRig.start([], { receiveBudgetBytes: 0 });
    expect([grantedTo(rig.peer), await rig.echo(1)]).toEqual([0, ECHOED]);
  });
});

describe('a native server that is closed', () => {
  it('cancels the calls that are open, tells their handlers why, and leaves nothing behind', async () => {
    const { method, reasons, path } = held();
    await using rig = await NativeRig.start([method]);
    const { at, peer, clock } = rig;
    peer.send(helloTo(path, 1), helloTo(path, 3));
    await until(() => at.door.inside.size === 2);
    await at.server.close();
    await at.server.close();
    await until(() => reasons.length === 2 && peer.socket.destroyed);
    expect(reasons).toEqual(['ServingError: the server is closing', 'ServingError: the server is closing']);
    expect([at.door.left, at.observer.ended, at.wheel.size]).toEqual([2, [1, 1], 0]);
    clock.advance(DEFAULT_GRPC_SERVER_OPTIONS.bodyTimeoutMs);
    expect(clock.pending).toBe(0);
    await expect(FramePeer.connect(at.address)).rejects.toThrow('ECONNREFUSED');
  });

  it('closes by being disposed of', async () => {
    const { at, peer } = await NativeRig.start();
    await at.server[Symbol.asyncDispose]();
    await until(() => peer.socket.destroyed);
  });
});

describe('a native server that drains', () => {
  it('is through at once where there is no connection, and takes no more', async () => {
    await using at = await startServer([serviceOf(echo)], native);
    await at.server.drain(NEVER);
    await expect(FramePeer.connect(at.address)).rejects.toThrow('ECONNREFUSED');
  });

  it('sends its clients away in two steps and waits for the last answer', async () => {
    const { method, waiting, path } = gate();
    await using rig = await NativeRig.start([method]);
    const { at, peer } = rig;
    const drains: string[] = [];
    peer.send(helloTo(path, 1));
    await until(() => waiting.length === 1);
    const drained = at.server.drain(NEVER).then(() => drains.push('drained'));
    expect(at.server.drain(NEVER)).toBe(at.server.drain(NEVER));
    await until(() => peer.all(FRAME_TYPE.goaway).length === 1);
    await expect(FramePeer.connect(at.address)).rejects.toThrow('ECONNREFUSED');
    // It has not heard of it yet: what it sends is taken.
    expect(await rig.echo(3)).toEqual(ECHOED);
    peer.send(FAREWELL);
    await until(() => peer.all(FRAME_TYPE.goaway).length === 2);
    expect([peer.all(FRAME_TYPE.goaway).map(lastStreamOf), drains]).toEqual([[MAX_STREAM_ID, 3], []]);
    for (const go of waiting) go();
    expect(await rig.answer(1)).toEqual(ECHOED);
    await drained;
    await until(() => peer.socket.destroyed);
  });

  it('ends streams that would stay for ever, once no new call can come', async () => {
    const watch = serverStream('Watch', (_text, call) => untilCancelled(call), 'open');
    await using rig = await NativeRig.start([watch]);
    const { at, peer } = rig;
    peer.send(helloTo('/test.Test/Watch', 1));
    expect(await rig.echo(3)).toEqual(ECHOED);
    const drained = at.server.drain(NEVER);
    await until(() => peer.all(FRAME_TYPE.ping).length === 1);
    expect(await rig.echo(5)).toEqual(ECHOED);
    expect(peer.of(1)).toEqual([]);
    peer.send(FAREWELL);
    expect(await rig.answer(1)).toMatchObject([{ 'grpc-status': '14', 'grpc-message': 'the server is draining' }]);
    await drained;
  });

  it('waits no longer than the signal says, and closes on those that are left', async () => {
    const { method, reasons, path } = held();
    await using rig = await NativeRig.start([method]);
    const { at, peer } = rig;
    peer.send(helloTo(path, 1));
    await until(() => at.door.inside.size === 1);
    const stop = new AbortController();
    const drained = at.server.drain(stop.signal);
    await until(() => peer.all(FRAME_TYPE.goaway).length === 1);
    stop.abort();
    await drained;
    await until(() => peer.socket.destroyed && reasons.length === 1);
    expect([reasons, at.door.left]).toEqual([['ServingError: the server is closing'], 1]);
  });
});
