import { describe, expect, it } from '@jest/globals';
import { GRPCInferenceServiceDefinition } from '../../../src/gen/inference/grpc_service.js';
import { ModelReadyRequest, ModelReadyResponse } from '../../../src/gen/inference/metadata.js';
import { methodOf } from '../../../src/services/method.js';

const method = methodOf(GRPCInferenceServiceDefinition, GRPCInferenceServiceDefinition.methods.modelReady);

describe('methodOf', () => {
  it('has the path that clients call', () => {
    expect(method.path).toBe('/inference.GRPCInferenceService/ModelReady');
  });

  it("reads and writes the method's own messages", () => {
    const request = { name: 'digits', version: '2' };
    expect(method.request.decode(ModelReadyRequest.encode(request).finish())).toEqual(request);
    expect(ModelReadyResponse.decode(method.response.encode({ ready: true }))).toEqual({ ready: true });
  });

  it('refuses bytes that are no such message', () => {
    expect(() => method.request.decode(Uint8Array.of(0x0a, 0x05, 0x61))).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
