import { HealthCheckRequest, HealthCheckResponse } from '../../src/gen/grpc/health/v1/health.js';
import { frame, type GrpcAnswer, type RawClient, unframe } from './grpc-client.js';

const WATCH = '/grpc.health.v1.Health/Watch';
const NAMES: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** What a client of Health.Watch hears on its connection, in the order in which it hears it. */
export class HealthWatch {
  /** Names of statuses, and "GOAWAY". */
  readonly heard: string[] = [];
  readonly answer: Promise<GrpcAnswer>;

  constructor(client: RawClient, service = '') {
    client.session.on('goaway', () => this.heard.push('GOAWAY'));
    const call = client.open(WATCH);
    call.stream.on('data', (chunk: Buffer) => {
      for (const message of unframe(chunk)) this.heard.push(NAMES[HealthCheckResponse.decode(message).status] ?? '?');
    });
    call.stream.end(frame(HealthCheckRequest.encode({ service }).finish()));
    this.answer = call.answer;
  }
}
