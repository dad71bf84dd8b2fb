import { describe, expect, it } from '@jest/globals';
import { CommanderError } from 'commander';
import { describeFailure } from '../../../src/cli/failure.js';
import { UsageError } from '../../../src/config/usage-error.js';
import { ServingError } from '../../../src/error/serving-error.js';

const systemError = (fields: object) => Object.assign(new Error('listen'), fields);

describe('describeFailure', () => {
  it('is usage where the user asked for what cannot be', () => {
    expect(describeFailure(new UsageError('--x is missing'))).toEqual({ line: '--x is missing', code: 2 });
    const unknown = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--grpc-prt'\n(Did you mean --grpc-port?)");
    expect(describeFailure(unknown)).toEqual({ line: "unknown option '--grpc-prt' (Did you mean --grpc-port?)", code: 2 });
  });

  it("answers an option of Triton's server with its counterpart, its value left out", () => {
    const unknown = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--http-port=8000'");
    expect(describeFailure(unknown)).toMatchObject({
      line: expect.stringMatching(/^--http-port is an option of Triton's server: /),
      code: 2,
    });
  });

  it('has nothing to add to help, which is success where it was asked for', () => {
    expect(describeFailure(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'))).toEqual({ line: undefined, code: 0 });
    expect(describeFailure(new CommanderError(1, 'commander.help', '(outputHelp)'))).toEqual({ line: undefined, code: 2 });
  });

  it.each([
    [{ code: 'EADDRINUSE', address: '127.0.0.1', port: 8001 }, '127.0.0.1:8001 is in use by another process; '],
    [{ code: 'EADDRINUSE', address: '/run/x.sock' }, '/run/x.sock is in use'],
    [{ code: 'EADDRNOTAVAIL', address: '10.9.9.9', port: 1 }, '10.9.9.9:1 is not an address of this machine'],
    [{ code: 'EACCES', address: '127.0.0.1', port: 80 }, 'no permission to listen on 127.0.0.1:80'],
    [{ code: 'EACCES', path: 'key.pem' }, 'no permission to read key.pem'],
    [{ code: 'ENOENT', path: 'cert.pem' }, 'there is no cert.pem'],
    [{ code: 'EMFILE' }, 'listen'],
  ])('says %j in one clear line', (fields, line) => {
    expect(describeFailure(systemError(fields))).toMatchObject({ line: expect.stringContaining(line), code: 1 });
  });

  it('keeps any other error to one line', () => {
    expect(describeFailure(new ServingError('load_failed', 'a\n  b'))).toEqual({ line: 'a b', code: 1 });
    expect(describeFailure('thrown')).toEqual({ line: 'thrown', code: 1 });
  });
});
