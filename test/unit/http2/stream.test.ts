import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { HeaderField } from '../../../src/http2/hpack/header-field.js';
import { Stream, type StreamHost, type StreamListener } from '../../../src/http2/stream.js';

function rig() {
  const told: unknown[][] = [];
  const record =
    (name: string) =>
    (stream: Stream, ...rest: unknown[]) => {
      told.push([name, stream.id, ...rest]);
    };
  const host: StreamHost = {
    writeHeaders: record('headers'),
    writeData: record('data'),
    writeTrailers: record('trailers'),
    reset: record('reset'),
    consumed: record('consumed'),
    expects: record('expects'),
    afterWrite: (onWritten) => told.push(['afterWrite', onWritten]),
    failed: record('failed'),
  };
  return { told, stream: new Stream(7, host, 10, 20, 30) };
}

describe('Stream', () => {
  it('does everything by its connection', () => {
    const { told, stream } = rig();
    const fields = [new HeaderField('a', 'b')];
    const [head, body] = [Buffer.from('h'), Buffer.from('b')];
    stream.respond(fields);
    stream.respond(fields, true);
    stream.send(head, body);
    stream.end(fields);
    stream.reset(ERROR_CODE.CANCEL);
    stream.consume(5);
    stream.expect(6);
    const onWritten = () => undefined;
    stream.afterWrite(onWritten);
    expect(told).toEqual([
      ['headers', 7, fields, false],
      ['headers', 7, fields, true],
      ['data', 7, head, body],
      ['trailers', 7, fields],
      ['reset', 7, ERROR_CODE.CANCEL],
      ['consumed', 7, 5],
      ['expects', 7, 6],
      ['afterWrite', onWritten],
    ]);
  });

  it('says whether something waits', () => {
    const { stream } = rig();
    expect(stream.isBacklogged).toBe(false);
    stream.backlog = [];
    expect(stream.isBacklogged).toBe(true);
  });

  it('needs no listener', () => {
    const { told, stream } = rig();
    stream.tellData(Buffer.from('x'), 0, 1);
    stream.tellEnd();
    stream.tellDrain();
    stream.tellReset(8);
    expect(told).toEqual([]);
  });

  it.each(['tellData', 'tellEnd', 'tellDrain', 'tellReset'] as const)('lets nothing out that %s brings about', (tell) => {
    const { told, stream } = rig();
    const error = new Error('a mistake');
    const fail = () => {
      throw error;
    };
    stream.listener = { onData: fail, onEnd: fail, onReset: fail, onDrain: fail } satisfies StreamListener;
    if (tell === 'tellData') stream.tellData(Buffer.from('x'), 0, 1);
    else if (tell === 'tellReset') stream.tellReset(8);
    else stream[tell]();
    expect(told).toEqual([['failed', 7, error]]);
  });
});
