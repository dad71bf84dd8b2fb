import { describe, expect, it } from '@jest/globals';
import type { ServerReflectionRequest, ServerReflectionResponse } from '../../../src/gen/grpc/reflection/v1/reflection.js';
import { reflectionServices } from '../../../src/services/reflection.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';

type Asked = ServerReflectionRequest['messageRequest'];

async function ask(at: number, ...asked: Asked[]): Promise<ServerReflectionResponse['messageResponse'][]> {
  const method = reflectionServices(['millrace.v1.InferenceService'])[at]?.methods[0];
  if (method?.kind !== 'bidi') throw new Error('no bidi method');
  const call = new FakeSendingCall<ServerReflectionResponse>();
  async function* requests(): AsyncGenerator<ServerReflectionRequest> {
    for (const messageRequest of asked) yield { host: 'here', messageRequest };
  }
  await method.handle(requests(), call);
  expect(call.sent.map(({ validHost, originalRequest }) => [validHost, originalRequest?.messageRequest])).toEqual(
    asked.map((messageRequest) => ['here', messageRequest]),
  );
  return call.sent.map(({ messageResponse }) => messageResponse);
}

function countOf(answer: ServerReflectionResponse['messageResponse']): number | undefined {
  return answer?.$case === 'fileDescriptorResponse' ? answer.value.fileDescriptorProto.length : undefined;
}

describe.each([
  [0, 'grpc.reflection.v1.ServerReflection'],
  [1, 'grpc.reflection.v1alpha.ServerReflection'],
])('service %d', (at, name) => {
  it('has the name of its version, and is let in whatever the load', () => {
    const service = reflectionServices([])[at];
    expect([service?.name, service?.methods[0]?.path, service?.methods[0]?.admission]).toEqual([
      name,
      `/${name}/ServerReflectionInfo`,
      'open',
    ]);
  });

  it('lists what is served and nothing else', async () => {
    const [answer] = await ask(at, { $case: 'listServices', value: '*' });
    expect(answer).toMatchObject({
      $case: 'listServicesResponse',
      value: {
        service: [
          { name: 'millrace.v1.InferenceService' },
          { name: 'grpc.reflection.v1.ServerReflection' },
          { name: 'grpc.reflection.v1alpha.ServerReflection' },
        ],
      },
    });
  });

  it('sends each import once a stream', async () => {
    const file: Asked = { $case: 'fileByFilename', value: 'millrace/v1/inference.proto' };
    const symbol: Asked = { $case: 'fileContainingSymbol', value: 'millrace.v1.InferenceService.Infer' };
    const answers = await ask(at, file, symbol);
    expect(countOf(answers[0])).toBeGreaterThan(1);
    expect(countOf(answers[1])).toBe(1);
  });

  it('answers what it does not know inside the stream, and goes on', async () => {
    const answers = await ask(
      at,
      { $case: 'fileContainingSymbol', value: 'no.Such' },
      { $case: 'fileByFilename', value: 'no/such.proto' },
      { $case: 'fileContainingExtension', value: { containingType: 'millrace.v1.Tensor', extensionNumber: 7 } },
      { $case: 'allExtensionNumbersOfType', value: 'millrace.v1.Tensor' },
      undefined,
    );
    const errors = answers.map((answer) => (answer?.$case === 'errorResponse' ? answer.value : undefined));
    expect(errors).toEqual([
      { errorCode: 5, errorMessage: "no symbol 'no.Such'" },
      { errorCode: 5, errorMessage: "no file 'no/such.proto'" },
      { errorCode: 5, errorMessage: "no extension 7 of 'millrace.v1.Tensor'" },
      { errorCode: 5, errorMessage: "no extensions of 'millrace.v1.Tensor'" },
      { errorCode: 12, errorMessage: expect.any(String) },
    ]);
  });
});
