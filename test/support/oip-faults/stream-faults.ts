import type { InferRequest, StreamResponse } from '../../conformance/oip/messages.js';
import { findMethod } from '../../conformance/oip/protocol.js';
import type { Meddling } from '../grpc-proxy.js';
import type { Fault } from './fault.js';

const { requestDeserialize, requestSerialize, responseDeserialize, responseSerialize } = findMethod('ModelStreamInfer');

const STREAM = { stream: '/ModelStreamInfer' };

function responses(change: (message: StreamResponse) => readonly StreamResponse[]): Meddling {
  return {
    ...STREAM,
    streamed: (bytes) => change(responseDeserialize(bytes) as StreamResponse).map((each) => responseSerialize(each)),
  };
}

function requests(change: (request: InferRequest) => InferRequest): Meddling {
  return { ...STREAM, streaming: (bytes) => [requestSerialize(change(requestDeserialize(bytes) as InferRequest))] };
}

function withResponse(message: StreamResponse, change: Partial<StreamResponse['infer_response'] & object>): StreamResponse {
  return message.infer_response === null ? message : { ...message, infer_response: { ...message.infer_response, ...change } };
}

function final(bool: boolean) {
  return { parameters: { triton_final_response: { bool_param: bool } } };
}

/** Keeps answers back and gives each pair in the wrong order. */
function swapping(): Meddling {
  let held: StreamResponse | undefined;
  return responses((message) => {
    if (message.infer_response?.model_name === 'repeat') return [message];
    if (/^stream-\d*[02468]$/.test(message.infer_response?.id ?? '')) {
      // What is still held is of a stream that was cancelled.
      held = message;
      return [];
    }
    const both = held === undefined ? [message] : [message, held];
    held = undefined;
    return both;
  });
}

export const STREAM_FAULTS: readonly Fault[] = [
  {
    what: 'has no streams',
    fails: ['stream.served'],
    meddle: () => ({ ...STREAM, refuseStream: { code: 12, text: 'not implemented', message: undefined } }),
  },
  {
    what: 'ends streams with an error',
    fails: [
      'stream.*',
      '!stream.unary-has-no-final',
      'decoupled.one-final',
      'decoupled.values',
      'decoupled.empty-final',
      'decoupled.no-empty-final',
      'decoupled.several',
    ],
    meddle: () => ({ ...STREAM, streamEnd: (reply) => ({ ...reply, code: 13, text: 'broken' }) }),
  },
  {
    what: 'does not end streams',
    fails: ['stream.served', 'stream.order'],
    hangs: true,
    among: ['stream.served', 'stream.order'],
    meddle: () => ({ ...STREAM, streamEnd: () => 'hang' }),
  },
  {
    what: 'streams other values',
    fails: ['stream.answer', 'decoupled.values', 'decoupled.several'],
    meddle: () =>
      responses((message) => [
        withResponse(message, {
          raw_output_contents: (message.infer_response?.raw_output_contents ?? []).map((raw) => Buffer.alloc(raw.length, 7)),
        }),
      ]),
  },
  {
    what: 'streams in any order',
    fails: ['stream.order', 'stream.final', 'stream.interactive', 'stream.goes-on'],
    hangs: true,
    meddle: swapping,
  },
  {
    what: 'says of no streamed answer that it is final',
    fails: ['stream.final', 'decoupled.one-final', 'decoupled.several'],
    meddle: () => responses((message) => [withResponse(message, { parameters: {} })]),
  },
  {
    what: 'says of every streamed answer that it is final',
    fails: ['decoupled.one-final', 'decoupled.several'],
    meddle: () => responses((message) => [withResponse(message, final(true))]),
  },
  {
    what: 'loses ids on streams',
    fails: ['stream.order', 'stream.error-in-band', 'decoupled.empty-final', 'decoupled.several'],
    meddle: () => responses((message) => [withResponse(message, { id: '' })]),
  },
  {
    what: 'tells errors without their id',
    fails: ['stream.error-in-band'],
    meddle: () =>
      responses((message) => [message.error_message === '' ? message : { error_message: message.error_message, infer_response: null }]),
  },
  {
    what: 'is silent about errors',
    fails: ['stream.error-in-band', 'stream.goes-on'],
    meddle: () => responses((message) => (message.error_message === '' ? [message] : [])),
  },
  {
    what: 'answers streams when they end',
    fails: ['stream.interactive', 'stream.cancel'],
    hangs: true,
    among: ['stream.'],
    meddle: () => ({ ...STREAM, holdsStreams: true }),
  },
  {
    what: 'never ends streams with an error',
    fails: ['stream.grpc-error'],
    meddle: () => ({ ...STREAM, streamHeaders: ({ triton_grpc_error: _asked, ...headers }) => headers }),
  },
  {
    what: 'overlooks triton_enable_empty_final_response',
    fails: ['decoupled.one-final', 'decoupled.empty-final', 'decoupled.several'],
    meddle: () => requests((request) => ({ ...request, parameters: {} })),
  },
  {
    what: 'ends every decoupled request with an empty response',
    fails: ['decoupled.values', 'decoupled.no-empty-final'],
    meddle: () =>
      requests((request) =>
        request.model_name === 'repeat'
          ? { ...request, parameters: { triton_enable_empty_final_response: { bool_param: true } } }
          : request,
      ),
  },
  {
    what: 'loses every second decoupled response',
    fails: ['decoupled.values', 'decoupled.empty-final', 'decoupled.several'],
    meddle: () => {
      let count = 0;
      return responses((message) => {
        if (message.infer_response?.model_name !== 'repeat' || message.infer_response.outputs.length === 0) return [message];
        count += 1;
        return count % 2 === 0 ? [] : [message];
      });
    },
  },
];
