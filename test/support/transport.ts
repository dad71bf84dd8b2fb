import type { TransportName } from '../../src/grpc/create-server.js';

/** The transport that servers of the tests have: `MILLRACE_TRANSPORT`, as for any server. */
export const TEST_TRANSPORT: TransportName = process.env['MILLRACE_TRANSPORT'] === 'grpc-js' ? 'grpc-js' : 'native';
