import { describe, expect, it } from '@jest/globals';
import { refusedMethod } from '../../../src/services/refused-method.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { findMethod } from '../../support/service-methods.js';

describe('refusedMethod', () => {
  it('answers unsupported and why, without a look at the body', async () => {
    const method = refusedMethod('/a.Service/Do', 'is not for this machine');
    const service = { name: 'a.Service', methods: [method], statusOf: () => ({ code: 12, message: '' }) };
    const { admission, handle, request, response } = findMethod(service, 'Do', 'bidi');
    const body: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => {
        throw new Error('the body was read');
      },
    };
    await expect(handle(body, new FakeSendingCall())).rejects.toMatchObject({
      code: 'unsupported',
      message: 'Do is not for this machine',
    });
    const anything = Uint8Array.of(255, 255);
    expect([admission, request.decode(anything), response.encode(anything)]).toEqual(['open', anything, anything]);
  });
});
