import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { type CallOptions, DynamicClient } from '../support/dynamic-client.js';
import { OIP } from '../support/facades.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { refusalOf } from '../support/refusal.js';
import { ServerProcess } from '../support/server-process.js';

const STREAM = 'inference.GRPCInferenceService/ModelStreamInfer';
const SAMPLED = { traceparent: `00-${'1'.repeat(32)}-${'a'.repeat(16)}-01` };
const UNSAMPLED = { traceparent: `00-${'2'.repeat(32)}-${'a'.repeat(16)}-00` };
/** As Triton's own tests have them. */
const HEADERS = { header_1: 'value_1', my_header_1: 'my_value_1', my_header_2: 'quoted "text" and \\' };
const PARAMETERS = { tenant: { string_param: 'blue' }, count: { int64_param: '3' }, priority: { uint64_param: '0' } };
const MESSAGE = {
  ...OIP.message({ model: 'echo', inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1], values: [1] }] }, 'raw'),
  parameters: PARAMETERS,
};

/** Runs a traced server with `flags`, lets `use` call it and gives the spans that it has exported by its end. */
async function traced(flags: readonly string[], use: (client: DynamicClient) => Promise<void>): Promise<readonly ReceivedSpan[]> {
  await using receiver = await OtlpReceiver.start();
  await using directory = await ModelDirectory.create(identityModels({ echo: {} }));
  await using server = await ServerProcess.start(['--model-repository', directory.path, ...flags], {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  });
  await using client = new DynamicClient(server.address);
  await use(client);
  // The last spans leave with the server.
  server.kill('SIGTERM');
  expect(await server.exited).toBe(0);
  return receiver.spans;
}

/** The parameters that each server span of `method` says. */
function parametersOf(spans: readonly ReceivedSpan[], method: string): Record<string, unknown>[] {
  const prefix = 'millrace.parameter.';
  return spans
    .filter(({ name }) => name === method)
    .map(({ attributes }) =>
      Object.fromEntries(
        Object.entries(attributes)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => [name.slice(prefix.length), value]),
      ),
    );
}

function withHeaders(...headers: readonly Readonly<Record<string, string>>[]): CallOptions {
  return { metadata: Object.assign({}, ...headers) as Record<string, string> };
}

async function converse(client: DynamicClient, options: CallOptions): Promise<{ readonly error_message: string }[]> {
  const stream = client.converse<object, { error_message: string }>(STREAM, options);
  stream.write(MESSAGE);
  stream.end();
  const answers: { error_message: string }[] = [];
  for await (const answer of stream) answers.push(answer as { error_message: string });
  return answers;
}

describe('--grpc-header-forward-pattern', () => {
  it('makes parameters of the headers that it matches, in unary calls and streams; a sampled span shows them beside the own ones', async () => {
    const spans = await traced(['--grpc-header-forward-pattern', 'MY_HEADER.*'], async (client) => {
      await client.unary(OIP.inferMethod, MESSAGE, withHeaders(HEADERS, SAMPLED));
      await client.unary(OIP.inferMethod, MESSAGE, withHeaders(HEADERS, UNSAMPLED));
      expect(await converse(client, withHeaders(HEADERS, SAMPLED))).toMatchObject([{ error_message: '' }]);
    });
    const expected = { tenant: 'blue', count: 3, my_header_1: 'my_value_1', my_header_2: 'quoted "text" and \\' };
    expect(parametersOf(spans, OIP.inferMethod)).toEqual([expected]);
    expect(parametersOf(spans, STREAM)).toEqual([expected]);
  });

  it('matches nothing of another case where it says (?-i), as headers are lower case', async () => {
    const spans = await traced(['--grpc-header-forward-pattern', '(?-i)MY_HEADER.*'], async (client) => {
      await client.unary(OIP.inferMethod, MESSAGE, withHeaders(HEADERS, SAMPLED));
    });
    expect(parametersOf(spans, OIP.inferMethod)).toEqual([{ tenant: 'blue', count: 3 }]);
  });

  it('forwards nothing without it', async () => {
    const spans = await traced([], async (client) => {
      await client.unary(OIP.inferMethod, MESSAGE, withHeaders(HEADERS, { timeout: '1' }, SAMPLED));
    });
    expect(parametersOf(spans, OIP.inferMethod)).toEqual([{ tenant: 'blue', count: 3 }]);
  });

  it("refuses headers with the names of the protocol's own parameters, sampled or not, and keeps credentials off the spans", async () => {
    const spans = await traced(['--grpc-header-forward-pattern', '.*'], async (client) => {
      for (const sampling of [SAMPLED, UNSAMPLED]) {
        const refusal = await refusalOf(client.unary(OIP.inferMethod, MESSAGE, withHeaders({ sequence_id: '1' }, sampling)));
        const text = "Header 'sequence_id' is reserved for Triton usage and cannot be forwarded.";
        expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, text });
      }
      const [answer] = await converse(client, withHeaders({ triton_final_response: 'true' }, UNSAMPLED));
      expect(answer?.error_message).toContain("Header 'triton_final_response' is reserved for Triton usage");
      expect(await converse(client, withHeaders({ triton_grpc_error: 'true' }, UNSAMPLED))).toMatchObject([{ error_message: '' }]);
      await client.unary(OIP.inferMethod, MESSAGE, withHeaders({ authorization: 'Bearer s3cret', 'x-tag': 'one' }, SAMPLED));
    });
    const [, served] = parametersOf(spans, OIP.inferMethod);
    expect(served).toMatchObject({ 'x-tag': 'one', traceparent: SAMPLED.traceparent });
    expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('s3cret');
  });

  it('ends the start with exit code 2 and the reason where it is no pattern', async () => {
    await using server = ServerProcess.spawn(['--model-repository', '.', '--grpc-header-forward-pattern', '(?=x)']);
    expect(await server.exited).toBe(2);
    expect(server.log.toString()).toContain('--grpc-header-forward-pattern: "(?=x)" is not allowed, expected a regular expression');
  });
});
