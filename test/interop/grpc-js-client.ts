import { readFileSync } from 'node:fs';
import { ChannelCredentials, Client, Metadata } from '@grpc/grpc-js';

/** The calls of write-cases.ts by grpc-js. Arguments: file of the calls, address, and for TLS the file of the authority. */
interface Case {
  readonly name: string;
  readonly path: string;
  readonly kind: 'unary' | 'server_stream' | 'bidi';
  readonly requests: readonly string[];
  readonly status: number;
  readonly take?: number;
  readonly answers: number;
  readonly contains: string;
}

const same = (bytes: Buffer): Buffer => bytes;
const [, , file = '', address = '', ca] = process.argv;
const credentials = ca === undefined ? ChannelCredentials.createInsecure() : ChannelCredentials.createSsl(readFileSync(ca));
const client = new Client(address, credentials);

/** Every kind of call is a bidirectional one on the wire. */
function run({ path, requests, take }: Case): Promise<{ readonly status: number; readonly answers: readonly Buffer[] }> {
  return new Promise((resolve) => {
    const answers: Buffer[] = [];
    const call = client.makeBidiStreamRequest(path, same, same, new Metadata(), { deadline: Date.now() + 10_000 });
    call.on('data', (answer: Buffer) => {
      answers.push(answer);
      if (answers.length === take) call.cancel();
    });
    call.on('error', () => {});
    call.on('status', ({ code }: { readonly code: number }) => resolve({ status: code, answers }));
    for (const request of requests) call.write(Buffer.from(request, 'base64'));
    call.end();
  });
}

let failed = 0;
for (const wanted of JSON.parse(readFileSync(file, 'utf8')) as readonly Case[]) {
  const { status, answers } = await run(wanted);
  const contained = answers.every((answer) => answer.includes(Buffer.from(wanted.contains, 'base64')));
  const isRight = status === wanted.status && answers.length === wanted.answers && contained;
  if (!isRight) failed += 1;
  process.stdout.write(`${isRight ? 'ok' : 'FAILED'} ${wanted.name}: status ${status}, ${answers.length} answers\n`);
}
client.close();
process.exitCode = failed === 0 ? 0 : 1;
