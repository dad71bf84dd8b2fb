import {
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
} from '@opentelemetry/semantic-conventions';

/** The names of all span attributes: OpenTelemetry's semantic conventions where they have a word, `millrace.*` where they have none. */
export const ATTRIBUTES = {
  rpcSystem: ATTR_RPC_SYSTEM_NAME,
  rpcMethod: ATTR_RPC_METHOD,
  rpcStatusCode: ATTR_RPC_STATUS_CODE,
  peerAddress: ATTR_NETWORK_PEER_ADDRESS,
  peerPort: ATTR_NETWORK_PEER_PORT,
  errorType: ATTR_ERROR_TYPE,
  model: 'millrace.model',
  version: 'millrace.version',
  batchRows: 'millrace.batch.rows',
  batchRequests: 'millrace.batch.requests',
  /** Members whose calls are sampled; more than the links where the SDK's limit cut those. */
  batchSampled: 'millrace.batch.sampled_requests',
  batchReason: 'millrace.batch.reason',
  instance: 'millrace.instance',
  /** Followed by a dot and the parameter's name. */
  parameter: 'millrace.parameter',
} as const;
