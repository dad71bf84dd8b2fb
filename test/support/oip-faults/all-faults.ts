import { EXTENSION_FAULTS } from './extension-faults.js';
import type { Fault } from './fault.js';
import { INFER_FAULTS } from './infer-faults.js';
import { LENIENT_FAULTS } from './lenient-faults.js';
import { SERVER_FAULTS } from './server-faults.js';
import { STREAM_FAULTS } from './stream-faults.js';
import { TRANSPORT_FAULTS } from './transport-faults.js';
import { TRITON_FAULTS } from './triton-faults.js';

export const FAULTS: readonly Fault[] = [
  ...SERVER_FAULTS,
  ...INFER_FAULTS,
  ...LENIENT_FAULTS,
  ...TRANSPORT_FAULTS,
  ...TRITON_FAULTS,
  ...EXTENSION_FAULTS,
  ...STREAM_FAULTS,
];
