import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { writeProgress } from '../../../src/http2/write-progress.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { until } from '../../support/grpc-server.js';

const BYTES = 64 * 1024 * 1024;

describe('writeProgress', () => {
  it('sees the parts of a large write that a slow reader makes room for', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [reader] = (await once(server, 'connection')) as [Socket];
    writer.write(Buffer.alloc(BYTES));
    const first = writeProgress(writer);
    expect([first.isBehind, first.taken < BYTES]).toEqual([true, true]);
    let read = 0;
    reader.on('data', (bytes: Buffer) => {
      read += bytes.length;
    });
    reader.resume();
    await until(() => writeProgress(writer).taken > first.taken && writeProgress(writer).isBehind);
    await until(() => read === BYTES);
    await until(() => !writeProgress(writer).isBehind);
    expect(writeProgress(writer)).toEqual({ taken: BYTES, isBehind: false });
    writer.destroy();
    reader.destroy();
    server.close();
    await once(server, 'close');
  });

  it('counts whole writes where the system counts nothing', () => {
    const socket = new FakeSocket();
    const progress = () => writeProgress(socket.asSocket());
    socket.write(Buffer.alloc(10));
    expect(progress()).toEqual({ taken: 10, isBehind: false });
    socket.isHeld = true;
    socket.write(Buffer.alloc(5));
    expect(progress()).toEqual({ taken: 10, isBehind: true });
    socket.drain();
    expect(progress()).toEqual({ taken: 15, isBehind: false });
  });
});
