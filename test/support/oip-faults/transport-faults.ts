import type { InferRequest } from '../../conformance/oip/messages.js';
import { findMethod } from '../../conformance/oip/protocol.js';
import type { Meddling, ProxiedCall, ProxiedReply } from '../grpc-proxy.js';
import { type Fault, meddleWith, refusal } from './fault.js';

const MODEL_INFER = 'inference.GRPCInferenceService/ModelInfer';
const NOTHING: ProxiedReply = { code: 0, text: '', message: Buffer.alloc(0) };

function onWire(change: (call: ProxiedCall) => Promise<ProxiedReply | 'hang'>): () => Meddling {
  return () => ({ unary: change });
}

function isWhole(body: Buffer): boolean {
  return body.length >= 5 && body.length === 5 + body.readUInt32BE(1);
}

function isMessage(body: Buffer): boolean {
  try {
    findMethod('ModelInfer').requestDeserialize(body.subarray(5));
    return true;
  } catch {
    return false;
  }
}

/** After a call that was given up the next ModelInfer fails that has the server for itself. */
function sickAfterAbort(method: string): Meddling {
  let sick = false;
  let underWay = 0;
  let arrived = 0;
  const { unary } = meddleWith('ModelInfer', async ({ answer }) => {
    const wasAlone = underWay === 0;
    const number = ++arrived;
    underWay += 1;
    const answered = await answer();
    underWay -= 1;
    if (!sick || !wasAlone || number !== arrived) return answered;
    sick = false;
    return refusal(13);
  });
  const aborted = (rpc: string) => {
    sick ||= rpc.endsWith(method);
  };
  return { ...(unary && { unary }), aborted };
}

export const TRANSPORT_FAULTS: readonly Fault[] = [
  {
    what: 'answers methods that it does not have',
    fails: ['grpc.unknown-method'],
    meddle: onWire(async ({ rpc, forward }) => (/NoSuchMethod$/.test(rpc) ? NOTHING : forward())),
  },
  {
    what: 'does not know services that it does not have',
    fails: ['grpc.unknown-service'],
    meddle: onWire(async ({ rpc, forward }) =>
      /NoSuchService/.test(rpc) ? { code: 5, text: 'not found', message: undefined } : forward(),
    ),
  },
  {
    what: 'reads as far as it can',
    fails: ['grpc.malformed-message'],
    meddle: onWire(async ({ rpc, body, forward }) =>
      rpc === MODEL_INFER && isWhole(body) && body[0] === 0 && !isMessage(body) ? NOTHING : forward(),
    ),
  },
  {
    what: 'hangs on what it cannot read',
    fails: ['grpc.malformed-message'],
    hangs: true,
    among: ['grpc.malformed-message', 'grpc.unknown', 'infer.id'],
    meddle: onWire(async ({ rpc, body, forward }) => (rpc === MODEL_INFER && body[0] === 0 && !isMessage(body) ? 'hang' : forward())),
  },
  {
    what: 'answers half a message',
    fails: ['grpc.cut-frame'],
    meddle: onWire(async ({ body, forward }) => (isWhole(body) ? forward() : NOTHING)),
  },
  {
    what: 'refuses fields that it does not know',
    fails: ['grpc.unknown-fields'],
    meddle: onWire(async ({ body, forward }) =>
      body.includes(Buffer.from('f87c2a827d', 'hex')) ? { code: 3, text: 'unknown field', message: undefined } : forward(),
    ),
  },
  {
    what: 'refuses metadata that it does not know',
    fails: ['grpc.unknown-metadata'],
    meddle: onWire(async ({ headers, forward }) =>
      headers['x-oip-conformance'] === undefined ? forward() : { code: 3, text: 'unknown metadata', message: undefined },
    ),
  },
  {
    what: 'overlooks compression',
    fails: ['grpc.unknown-compression'],
    meddle: onWire(async ({ body, headers, forward }) => {
      const { 'grpc-encoding': encoding, ...rest } = headers;
      return encoding === undefined ? forward() : forward(Buffer.concat([Buffer.from([0]), body.subarray(1)]), rest);
    }),
  },
  {
    what: 'overlooks deadlines',
    fails: ['grpc.deadline'],
    meddle: onWire(async ({ headers, forward, body }) => {
      const { 'grpc-timeout': _timeout, ...rest } = headers;
      return forward(body, rest);
    }),
  },
  { what: 'is sick after a cancelled call', fails: ['grpc.cancel'], meddle: () => sickAfterAbort('/ModelInfer') },
  { what: 'is sick after a cancelled stream', fails: ['stream.cancel'], meddle: () => sickAfterAbort('/ModelStreamInfer') },
  {
    what: 'mixes up what it is asked at once',
    fails: ['grpc.concurrency'],
    meddle: () => {
      let earlier: InferRequest | undefined;
      return meddleWith<InferRequest, object>('ModelInfer', async ({ request, answer }) => {
        if (!request.id?.startsWith('parallel-')) return answer();
        const other = earlier;
        earlier = request;
        const answered = await answer(other === undefined ? request : { ...other, id: request.id });
        earlier = undefined;
        return answered;
      });
    },
  },
  {
    what: 'is sick after a hundred refusals',
    fails: ['refuse.connection'],
    meddle: () => {
      let refused = 0;
      return meddleWith('ModelInfer', async ({ answer }) => {
        const answered = await answer();
        const sick = refused === 100 && answered.code === 0;
        refused = answered.code === 0 ? 0 : refused + 1;
        return sick ? refusal(13) : answered;
      });
    },
  },
  {
    what: 'refuses what comes beside a wrong request',
    fails: ['refuse.mixed'],
    meddle: () => {
      let wrong = 0;
      return meddleWith<InferRequest, object>('ModelInfer', async ({ request, answer }) => {
        const isWrong = request.raw_input_contents?.length === 0 && request.inputs.every(({ contents }) => contents === null);
        if (isWrong) wrong += 1;
        const beside = wrong > 0 && !isWrong;
        const answered = await answer();
        if (isWrong) wrong -= 1;
        return beside ? refusal(13) : answered;
      });
    },
  },
  {
    what: 'serves four connections',
    fails: ['grpc.connections'],
    meddle: onWire(async ({ connections, forward }) =>
      connections > 4 ? { code: 8, text: 'too many connections', message: undefined } : forward(),
    ),
  },
  {
    what: 'takes messages of 2 MB',
    fails: ['grpc.large-message', 'grpc.larger-message'],
    meddle: onWire(async ({ body, forward }) => (body.length > 2_000_000 ? { code: 8, text: 'too large', message: undefined } : forward())),
  },
  {
    what: 'takes messages of 4 MiB',
    fails: ['grpc.larger-message'],
    meddle: onWire(async ({ body, forward }) => (body.length > 2 ** 22 ? { code: 8, text: 'too large', message: undefined } : forward())),
  },
  {
    what: 'loses the end of large messages',
    fails: ['grpc.large-message', 'grpc.larger-message'],
    meddle: () =>
      meddleWith<InferRequest, { raw_output_contents: readonly Buffer[] }>('ModelInfer', async ({ answer }) => {
        const answered = await answer();
        const raw = answered.message?.raw_output_contents[0];
        if (answered.message === undefined || raw === undefined || raw.length < 1_000_000) return answered;
        return { ...answered, message: { ...answered.message, raw_output_contents: [raw.subarray(0, 1_000_000)] } };
      }),
  },
];
