import type { ServerMetadata } from '../../conformance/oip/messages.js';
import type { Meddling, ProxiedCall } from '../grpc-proxy.js';
import { changing, refusal } from './fault.js';

/** The protocol and no more: no RPC of Triton's, no extension. */
export function plainProtocol(): Meddling {
  const own = /\/(ServerLive|ServerReady|ServerMetadata|ModelReady|ModelMetadata|ModelInfer)$/;
  const { unary } = changing<object, ServerMetadata>('ServerMetadata', (metadata) => ({ ...metadata, extensions: [] }));
  return {
    unary: async (call: ProxiedCall) => {
      if (!own.test(call.rpc)) return { code: 12, text: 'not implemented', message: undefined };
      return unary === undefined ? call.forward() : unary(call);
    },
    refuseStream: { ...refusal(12, 'not implemented'), message: undefined },
  };
}
